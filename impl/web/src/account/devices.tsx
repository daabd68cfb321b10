import type { components } from "planoauth";
import { useEffect, useState } from "preact/hooks";
import { planoauth, type Answer } from "../api";
import { formatDay, formatTime, translate } from "../document";
import { Action } from "../ui/action";
import { deviceName } from "../ui/device";
import { errorsOf, Refusal } from "../ui/refusal";
import { signOut, withSession } from "../ui/signed-in";
import { focusSection, Section } from "./section";

type Session = components["schemas"]["Session"];

const text = translate({
  en: {
    title: "Devices",
    intro: "Where you are signed in. Sign out what you do not know, and change your password.",
    own: "This device",
    used: (time: string) => `Last used ${time}`,
    began: (day: string, how: string) => `Signed in ${day} ${how}`,
    from: (ip: string) => `from ${ip}`,
    methods: { password: "with a password", registration: "by registering", magic_link: "with a mailed link", google: "with Google" },
    signOut: "Sign out",
    signOutOf: (device: string) => `Sign out ${device}`,
    more: "Show more devices",
    others: "Sign out all other devices",
    one: (device: string) => `${device} is signed out.`,
    all: (count: number) => (count === 1 ? "One other device is signed out." : `${count} other devices are signed out.`),
  },
  es: {
    title: "Dispositivos",
    intro: "Dónde tienes la sesión abierta. Ciérrala en los que no conozcas y cambia tu contraseña.",
    own: "Este dispositivo",
    used: (time: string) => `Último uso: ${time}`,
    began: (day: string, how: string) => `Sesión iniciada el ${day} ${how}`,
    from: (ip: string) => `desde ${ip}`,
    methods: { password: "con contraseña", registration: "al registrarte", magic_link: "con un enlace por correo", google: "con Google" },
    signOut: "Cerrar sesión",
    signOutOf: (device: string) => `Cerrar sesión en ${device}`,
    more: "Mostrar más dispositivos",
    others: "Cerrar sesión en todos los demás",
    one: (device: string) => `Se ha cerrado la sesión en ${device}.`,
    all: (count: number) => (count === 1 ? "Se ha cerrado la sesión en otro dispositivo." : `Se ha cerrado la sesión en otros ${count} dispositivos.`),
  },
});
export const devicesTitle = text.title;

/** The sessions of the user, each to be ended. own is the id of the page's session. The list is read anew with another version. */
export function Devices({ own, version }: { own: number; version: number }) {
  const [sessions, setSessions] = useState<Session[]>([]);
  const [next, setNext] = useState<string | undefined>();
  const [said, setSaid] = useState<string | null>(null);
  const [refused, setRefused] = useState<Answer | null>(null);

  async function read(after?: string) {
    const page = { size: 10, ...(after && { after }) };
    const outcome = await withSession(() => planoauth.sessionsIndex({ view: "full", sort: { by: "last_used_at" }, page }));
    if (outcome === "unreachable" || outcome.status !== "action-successful") return setRefused(outcome);
    setSessions((before) => [...(after ? before : []), ...outcome.data.results]);
    setNext(outcome.data.next);
  }
  useEffect(() => void read(), [own, version]);

  async function end(params: { id: number } | { scope: "others" }, done: (count: number) => string) {
    setSaid(null);
    const outcome = await withSession(() => planoauth.sessionsDelete(params));
    const worked = outcome !== "unreachable" && outcome.status === "action-successful";
    const goneBefore = errorsOf(outcome).some(({ param }) => param === "id");
    if (!worked && !goneBefore) return setRefused(outcome);
    setRefused(null);
    setSaid(done(worked ? outcome.data.count : 1));
    focusSection("devices"); // the button is gone
    await read();
  }

  return (
    <Section id="devices" title={text.title} said={said}>
      <p>{text.intro}</p>
      <Refusal answer={refused} />
      <ul class="lines">
        {sessions.map((session) => (
          <Device key={session.id} session={session} own={session.id === own} end={(name) => end({ id: session.id }, () => text.one(name))} />
        ))}
      </ul>
      {sessions.length > 1 && (
        <div class="row">
          {next && (
            <Action run={() => read(next)}>{text.more}</Action>
          )}
          <Action run={() => end({ scope: "others" }, text.all)}>{text.others}</Action>
        </div>
      )}
    </Section>
  );
}

function Device({ session, own, end }: { session: Session; own: boolean; end(name: string): Promise<void> }) {
  const { ip, method } = session;
  const name = deviceName(session.user_agent);
  const how = [method && text.methods[method], ip && text.from(ip)].filter(Boolean).join(", ");
  return (
    <li>
      <p class="row close">
        <strong>{name}</strong>
        {own && <span class="badge good">{text.own}</span>}
      </p>
      <Action class="button plain small" aria-label={text.signOutOf(name)} run={() => (own ? signOut() : end(name))}>
        {text.signOut}
      </Action>
      <div class="below">
        <p>{session.application_name}</p>
        <p>{text.used(formatTime(session.last_used_at!))}</p>
        <p>{text.began(formatDay(session.created_at!), how)}</p>
      </div>
    </li>
  );
}
