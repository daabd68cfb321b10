import type { FunctionComponent } from "preact";
import { translate } from "../document";
import { Audit } from "./audit/events";
import type { Icon } from "./icons";
import type { Access } from "./me";
import { Notifications } from "./notifications";
import { People } from "./people/people";
import { One as Person } from "./people/person";
import { records, system } from "./registry";

const text = translate({
  en: {
    notifications: "Notifications",
    people: "People",
    directory: "Directory",
    system: "System",
    audit: "Audit",
  },
  es: {
    notifications: "Notificaciones",
    people: "Personas",
    directory: "Directorio",
    system: "Sistema",
    audit: "Auditoría",
  },
});

/** A part of the console. */
export interface Section {
  /** Its place in the address: #/people. */
  path: string;
  label: string;
  icon: Icon;
  /** The least access that sees it. */
  access: Access;
  /** The heading that it stands under in the navigation. */
  group?: string;
  /** Shown at #/people. */
  Index: FunctionComponent;
  /** Shown at #/people/12. */
  One?: FunctionComponent<{ id: number }>;
  /** Shown at #/people/new. */
  New?: FunctionComponent;
}

/** The navigation, in its order. The first section is what the console opens with. */
export const sections: Section[] = [
  { path: "notifications", label: text.notifications, icon: "notifications", access: "none", Index: Notifications },
  { path: "people", label: text.people, icon: "people", access: "viewer", group: text.directory, Index: People, One: Person },
  ...records.map((section) => ({ ...section, group: text.directory })),
  ...system.map((section) => ({ ...section, group: text.system })),
  { path: "audit", label: text.audit, icon: "audit", access: "support", group: text.system, Index: Audit },
];
