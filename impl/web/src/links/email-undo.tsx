import { useState } from "preact/hooks";
import { attempt, planoauth } from "../api";
import { data, translate } from "../document";
import { Form } from "../ui/form";
import { SingleCard } from "../ui/frame";
import { Another, anotherResetLink, Sent } from "./another";
import { Next } from "./done";
import { email, token } from "./link";

const text = translate({
  en: {
    title: "Take the change back",
    gets: (name: string) => `Your account at ${name} gets its old address back:`,
    action: "Take the change back",
    signedOut: "Everybody is then signed out of the account.",
    done: "Your account has its old address again",
    now: "Whoever changed it may know your password. Set a new one now: we send a link for it to",
    link: "Send me the link",
  },
  es: {
    title: "Deshacer el cambio",
    gets: (name: string) => `Tu cuenta en ${name} recupera su dirección anterior:`,
    action: "Deshacer el cambio",
    signedOut: "Después se cerrará la sesión de todo el mundo en la cuenta.",
    done: "Tu cuenta vuelve a tener su dirección anterior",
    now: "Quien la cambió puede conocer tu contraseña. Crea una nueva ahora: enviamos un enlace para ello a",
    link: "Enviarme el enlace",
  },
});

/** Gives the account its old address back, and offers a new password, which whoever changed the address may know. */
export function EmailUndo() {
  const [state, setState] = useState<"asking" | "done" | "sent">("asking");

  async function send() {
    const outcome = await attempt(planoauth.usersEmailChangeUndo({ undo_token: token }, { token: null }));
    if (outcome === "unreachable" || outcome.status !== "action-successful") return outcome;
    setState("done");
    return null;
  }

  if (state === "sent") return <Sent />;
  if (state === "done") {
    return (
      <SingleCard title={text.done}>
        <p>
          {text.now} <strong>{email}</strong>.
        </p>
        <Another request={anotherResetLink} label={text.link} sent={() => setState("sent")} main />
        <Next plain />
      </SingleCard>
    );
  }
  return (
    <SingleCard title={text.title}>
      <p>
        {text.gets(data.application!.name)} <strong>{email}</strong>
      </p>
      <Form send={send} action={text.action}>
        {null}
      </Form>
      <p class="small quiet">{text.signedOut}</p>
    </SingleCard>
  );
}
