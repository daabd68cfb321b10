import { useEffect, useState } from "preact/hooks";
import { attempt, planoauth, type Answer } from "../api";
import { data, translate } from "../document";
import * as session from "../session";
import { Field, Form, PasswordField } from "../ui/form";
import { SingleCard } from "../ui/frame";
import { text as common } from "../ui/texts";
import { Done, Next } from "./done";
import { email, link, token } from "./link";
import { withSignIn } from "./with-sign-in";

const text = translate({
  en: {
    title: "Confirm your new address",
    gets: (name: string) => `Your ${name} account will have this address:`,
    byAdmin: "An administrator has asked for this change.",
    signIn: "Sign in with the address that the account has now.",
    present: "Current e-mail address",
    action: "Use this address",
    signedIn: "You are signed in on this device, so no password is needed.",
    other: "Sign in to another account",
    signInAgain: "Sign in again",
    toAccount: "Go to your account",
    noPassword: "This account has no password. Sign in on your account page first, in this browser. Then come back and go on.",
    account: "Open your account page",
    proceed: "I am signed in",
    notYet: "You are not signed in yet.",
    stranger: "The account is then signed out on your other devices. If you do not want this change, close this page.",
    done: "Your account has the new address",
    from: "From now on, sign in with",
    google: "If you sign in with Google, link it again on your account page.",
  },
  es: {
    title: "Confirma tu nueva dirección",
    gets: (name: string) => `Tu cuenta de ${name} tendrá esta dirección:`,
    byAdmin: "Un administrador ha pedido este cambio.",
    signIn: "Inicia sesión con la dirección que la cuenta tiene ahora.",
    present: "Correo electrónico actual",
    action: "Usar esta dirección",
    signedIn: "Tienes la sesión iniciada en este dispositivo, así que no hace falta la contraseña.",
    other: "Iniciar sesión con otra cuenta",
    signInAgain: "Iniciar sesión de nuevo",
    toAccount: "Ir a tu cuenta",
    noPassword:
      "Esta cuenta no tiene contraseña. Primero inicia sesión en la página de tu cuenta, en este navegador. Después vuelve y continúa.",
    account: "Abrir la página de tu cuenta",
    proceed: "Ya he iniciado sesión",
    notYet: "Todavía no has iniciado sesión.",
    stranger: "Después se cerrará la sesión en tus otros dispositivos. Si no quieres este cambio, cierra esta página.",
    done: "Tu cuenta tiene la dirección nueva",
    from: "A partir de ahora, inicia sesión con",
    google: "Si inicias sesión con Google, vuelve a vincular tu cuenta de Google en la página de tu cuenta.",
  },
});

/** Who asks for the change: nobody has to sign in, the session of /account, or somebody who signs in here. */
type Proof = "looking" | "none" | "session" | "password";

/** Gives the account the address to which the link was mailed. */
export function EmailChange() {
  const [done, setDone] = useState(false);
  const [proof, setProof] = useState<Proof>(link.by_admin ? "none" : "looking");
  useEffect(() => {
    if (proof === "looking") void session.find().then((found) => setProof(found ? "session" : "password"));
  }, []);

  async function send(values: Record<string, string>): Promise<Answer | null> {
    const change = (sessionToken: string | null) => planoauth.usersEmailChange({ email_token: token }, { token: sessionToken });
    const answer =
      proof === "password"
        ? await withSignIn(values.email ?? "", values.password ?? "", change)
        : await attempt(change(proof === "session" ? session.token() : null));
    if (answer === "unreachable" || answer.status !== "action-successful") return answer;
    setDone(true);
    return null;
  }

  /** Returns what helps where the link, or the session, does not work any more. */
  function instead(status: string) {
    const signedOut = status === "invalid-token" || status === "session-expired";
    if (proof === "session" && (signedOut || status === "invalid-email-change-link")) {
      return (
        <button type="button" class="button wide" onClick={() => setProof("password")}>
          {signedOut ? text.signInAgain : text.other}
        </button>
      );
    }
    if (link.by_admin) return (status === "email-change-link-expired" || status === "invalid-email-change-link") && <Next />;
    if (status !== "email-change-link-expired") return null;
    return (
      <a class="button wide" href="/account" rel="noreferrer">
        {text.toAccount}
      </a>
    );
  }

  if (done) {
    return (
      <Done title={text.done}>
        <p>
          {text.from} <strong>{email}</strong>.
        </p>
        <p class="quiet">{text.google}</p>
      </Done>
    );
  }
  const signInElsewhere = proof === "password" && !link.has_password;
  return (
    <SingleCard title={text.title}>
      <p>
        {text.gets(data.application.name)} <strong>{email}</strong>
      </p>
      {link.by_admin && <p>{text.byAdmin}</p>}
      {signInElsewhere && <SignInElsewhere proceed={() => setProof("session")} />}
      {proof !== "looking" && !signInElsewhere && (
        <Form
          key={proof}
          send={send}
          action={text.action}
          note={text.stranger}
          instead={(answer) => answer !== "unreachable" && instead(answer.status)}
        >
          {proof === "session" && <p class="small quiet">{text.signedIn}</p>}
          {proof === "password" && (
            <>
              <p>{text.signIn}</p>
              <Field name="email" type="email" label={text.present} autocomplete="username" autoCapitalize="none" spellcheck={false} />
              <PasswordField name="password" label={common.password} autocomplete="current-password" />
            </>
          )}
        </Form>
      )}
    </SingleCard>
  );
}

/** For somebody without a password: the session of /account, which another tab has, is found here. */
function SignInElsewhere({ proceed }: { proceed(): void }) {
  const [missed, setMissed] = useState(false);
  async function look() {
    if (await session.find()) proceed();
    else setMissed(true);
  }
  return (
    <>
      <p>{text.noPassword}</p>
      <a class="button wide" href="/account" target="_blank" rel="noreferrer">
        {text.account}
      </a>
      {missed && (
        <p class="notice problem" role="alert">
          {text.notYet}
        </p>
      )}
      <button type="button" class="button plain wide" onClick={look}>
        {text.proceed}
      </button>
      <p class="small quiet">{text.stranger}</p>
    </>
  );
}
