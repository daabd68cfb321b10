import type { FunctionComponent } from "preact";
import { translate } from "../document";
import type { Icon } from "./icons";
import type { Access } from "./me";
import { Notifications } from "./notifications";
import { registry } from "./registry";

const text = translate({
  en: {
    notifications: "Notifications",
    people: "People",
    registry: "System",
  },
  es: {
    notifications: "Notificaciones",
    people: "Personas",
    registry: "Sistema",
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
  ...registry,
];
