import type { components } from "planoauth";
import { useState } from "preact/hooks";
import { planoauth } from "../../api";
import { translate } from "../../document";
import { deviceName } from "../../ui/device";
import { change } from "../load";
import { useMe } from "../me";
import { Action } from "../ui/action";
import { List } from "../ui/list";
import { Section } from "../ui/section";
import { Time } from "../ui/time";
import { useAnnounce } from "../ui/view";
import { methods, nameOf } from "./texts";

const text = translate({
  en: {
    title: "Sessions",
    device: "Device",
    application: "Application",
    used: "Last used",
    signOut: "Sign out",
    signedOut: "Signed out",
    question: (device: string) => `Sign out ${device}?`,
    about: "The session ends at once. Work that is not saved there may be lost.",
    all: "Sign out everywhere",
    allQuestion: (name: string) => `Sign ${name} out everywhere?`,
    allAbout: "All sessions of all applications end at once.",
    allDone: (count: number) => (count === 1 ? "1 session ended" : `${count} sessions ended`),
    none: "Not signed in anywhere",
    action: "Signing out",
  },
  es: {
    title: "Sesiones",
    device: "Dispositivo",
    application: "Aplicación",
    used: "Último uso",
    signOut: "Cerrar sesión",
    signedOut: "Sesión cerrada",
    question: (device: string) => `¿Cerrar la sesión de ${device}?`,
    about: "La sesión termina al instante. Lo que no se haya guardado allí puede perderse.",
    all: "Cerrar todas las sesiones",
    allQuestion: (name: string) => `¿Cerrar todas las sesiones de ${name}?`,
    allAbout: "Todas las sesiones de todas las aplicaciones terminan al instante.",
    allDone: (count: number) => (count === 1 ? "1 sesión cerrada" : `${count} sesiones cerradas`),
    none: "Sin sesiones abiertas",
    action: "Cierre de sesión",
  },
});

/** Where a person is signed in. */
export function Sessions({ person, changed }: { person: components["schemas"]["Person"]; changed(): void }) {
  const may = useMe().mayActOn(person);
  const [version, setVersion] = useState(0);
  const announce = useAnnounce();
  const reload = () => (setVersion(version + 1), changed());
  return (
    <Section
      title={text.title}
      actions={
        may &&
        (person.sessions ?? 0) > 0 && (
          <Action
            label={text.all}
            danger
            run={() => change(() => planoauth.peopleSessionsDelete({ id: person.id }), ({ count }) => (announce(text.allDone(count)), reload()))}
            question={{ title: text.allQuestion(nameOf(person)), children: <p>{text.allAbout}</p>, action: text.all, danger: true }}
          />
        )
      }
    >
      <List
        label={text.title}
        besides={[person.id, version, person.suspended]}
        load={(params, options) => planoauth.peopleSessionsIndex({ ...params, id: person.id, view: "full" }, options)}
        empty={<p class="quiet">{text.none}</p>}
        columns={[
          {
            label: text.device,
            kind: "wide",
            cell: (row) => (
              <span class="who" title={row.user_agent}>
                <span>{deviceName(row.user_agent)}</span>
                {row.method && <span class="quiet">{methods[row.method]}</span>}
                <span class="quiet">{row.ip}</span>
              </span>
            ),
          },
          { label: text.application, cell: (row) => <span class="short-name">{row.application_name}</span> },
          { label: text.used, cell: (row) => <Time time={row.last_used_at} /> },
          ...(may
            ? [
                {
                  label: text.action,
                  kind: "end" as const,
                  cell: (row: components["schemas"]["Session"]) => (
                    <Action
                      label={text.signOut}
                      of={`${deviceName(row.user_agent)}, ${row.application_name}`}
                      done={text.signedOut}
                      run={() => change(() => planoauth.peopleSessionsDelete({ id: person.id, session_id: row.id }), reload)}
                      question={{ title: text.question(deviceName(row.user_agent)), children: <p>{text.about}</p>, action: text.signOut, danger: true }}
                    />
                  ),
                },
              ]
            : []),
        ]}
      />
    </Section>
  );
}
