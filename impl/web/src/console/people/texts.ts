import type { components } from "planoauth";
import { translate } from "../../document";
import type { Access } from "../me";

type Kind = NonNullable<components["schemas"]["Person"]["records"]>[number];

export const kinds = translate<Record<Kind, string>>({
  en: { client: "Client", employee: "Employee", liaison: "Liaison" },
  es: { client: "Cliente", employee: "Empleado", liaison: "Intermediario" },
});

export const accesses = translate<Record<Access, string>>({
  en: { none: "Notifications only", viewer: "Viewer", support: "Support", admin: "Admin" },
  es: { none: "Solo notificaciones", viewer: "Lectura", support: "Soporte", admin: "Administración" },
});

export const methods = translate<Record<components["schemas"]["SignInMethod"], string>>({
  en: { password: "Password", registration: "Registration", magic_link: "Mailed link", google: "Google" },
  es: { password: "Contraseña", registration: "Registro", magic_link: "Enlace por correo", google: "Google" },
});

/** Texts of people, in their list and alone. */
export const text = translate({
  en: {
    people: "People",
    search: "E-mail address, name or phone number",
    person: "Person",
    records: "Records",
    state: "State",
    unconfirmed: "Address not confirmed",
    recordless: "No record",
    noPassword: "No password",
    googleLinked: "Google account",
    suspended: "Suspended",
    none: "None",
  },
  es: {
    people: "Personas",
    search: "Correo electrónico, nombre o teléfono",
    person: "Persona",
    records: "Registros",
    state: "Estado",
    unconfirmed: "Dirección sin confirmar",
    recordless: "Sin registro",
    noPassword: "Sin contraseña",
    googleLinked: "Cuenta de Google",
    suspended: "Suspendida",
    none: "Ninguno",
  },
});

/** Returns the name of somebody, or the address where there is none. */
export function nameOf({ first_name, last_name, email }: { first_name?: string; last_name?: string; email?: string }): string {
  return [first_name, last_name].filter(Boolean).join(" ") || email || "";
}
