/** The icons of the navigation, by section: strokes in a box of 16. */
const paths = {
  notifications: "M8 2a4 4 0 0 0-4 4v2.5L2.8 11h10.4L12 8.5V6a4 4 0 0 0-4-4ZM6.5 13.2a1.6 1.6 0 0 0 3 0",
  people: "M8 8a2.75 2.75 0 1 0 0-5.5A2.75 2.75 0 0 0 8 8Zm-5 5.5c.4-2.3 2.4-3.5 5-3.5s4.6 1.2 5 3.5",
  clients: "M3 5h10v8H3zM6 5V3.5A1 1 0 0 1 7 2.5h2a1 1 0 0 1 1 1V5M3 8.5h10",
  employees: "M3.5 2.5h9v11h-9zM8 8.2a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3Zm-2.5 3c.3-1 1.3-1.5 2.5-1.5s2.2.5 2.5 1.5",
  liaisons: "M6 8a2.2 2.2 0 1 0 0-4.4A2.2 2.2 0 0 0 6 8Zm-4 5c.3-1.9 1.9-2.9 4-2.9s3.7 1 4 2.9M10.5 3.7a2.2 2.2 0 0 1 0 4.2M12 10.3c1.1.4 1.8 1.3 2 2.7",
  companies: "M3 13.5v-11h6v11M9 6.5h4v7M1.5 13.5h13M5.2 5.2h1.6M5.2 8h1.6M5.2 10.8h1.6",
  applications: "M2.5 3.5h11v9h-11zM2.5 6.2h11",
  services: "M8 2 2.5 5 8 8l5.5-3ZM2.5 8 8 11l5.5-3M2.5 11 8 14l5.5-3",
  routes: "M4 4.5a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3Zm8 10a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3ZM4 4.5v6a2.5 2.5 0 0 0 2.5 2.5h4",
  audit: "M4 2.5h8v11H4zM6 5.5h4M6 8h4M6 10.5h2.5",
};

export type Icon = keyof typeof paths;

export function NavIcon({ of }: { of: Icon }) {
  return (
    <svg viewBox="0 0 16 16" width="16" height="16" fill="none" stroke="currentColor" stroke-width="1.4" stroke-linejoin="round" stroke-linecap="round" aria-hidden="true">
      <path d={paths[of]} />
    </svg>
  );
}
