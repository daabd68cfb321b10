import { useRef, useState } from "preact/hooks";
import { attempt, planoauth, type Answer } from "../api";
import { data, translate } from "../document";
import { Field, Form } from "../ui/form";
import { SingleCard } from "../ui/frame";
import { GoogleButton } from "../ui/google-button";
import { NewPasswordField } from "../ui/new-password";
import { text as common } from "../ui/texts";
import { clientOf, NameFields, OptionalFields } from "./client-fields";
import { GoogleRefusal } from "./google-refusal";
import type { Ways } from "./page";
import { addressOf, application, page } from "./product";

const text = translate({
  en: {
    title: "Create an account",
    why: `You will use it to sign in to ${application.name}.`,
    action: "Create account",
    or: "or",
    signIn: "Sign in",
    signInWith: "Sign in with this address",
    have: "Already have an account?",
  },
  es: {
    title: "Crear una cuenta",
    why: `La usarás para iniciar sesión en ${application.name}.`,
    action: "Crear cuenta",
    or: "o",
    signIn: "Iniciar sesión",
    signInWith: "Iniciar sesión con esta dirección",
    have: "¿Ya tienes una cuenta?",
  },
});

/** The page /register, for somebody new. */
export function Register({ email, setEmail, go, done, refused }: Ways) {
  const [notBegun, setNotBegun] = useState<Answer | null>(null);
  const fields = useRef<HTMLDivElement>(null);

  async function send(values: Record<string, string>) {
    const { client, enterprise } = clientOf(values);
    const params = {
      application: application.slug,
      redirect_url: page.redirect_url,
      client: client as typeof client & { email: string; password: string },
      ...(enterprise && { enterprise }),
    };
    const outcome = await attempt(planoauth.clientsRegister(params, { token: null }));
    if (outcome === "unreachable") return outcome;
    switch (outcome.status) {
      case "action-successful":
      case "mandrill-email-failed": // the account is made; only the welcome mail failed
        return done(outcome.session, false);
      default:
        return outcome;
    }
  }

  const person = () => {
    const value = (name: string) => fields.current!.querySelector<HTMLInputElement>(`[name=${name}]`)!.value;
    return { email, first_name: value("first_name"), last_name: value("last_name") };
  };
  const signIn = (label: string) => (
    <button type="button" class="text-button" onClick={() => go("/sign-in")}>
      {label}
    </button>
  );
  return (
    <SingleCard title={text.title}>
      <p class="quiet">{text.why}</p>
      <GoogleRefusal refused={notBegun ?? refused} />
      {data.google && (
        <>
          <GoogleButton application={application.slug} backTo={addressOf("/register")} failed={setNotBegun} />
          <p class="divider">{text.or}</p>
        </>
      )}
      <Form send={send} action={text.action} remedy={(answer) => (hasAccount(answer) ? signIn(text.signInWith) : null)}>
        <div class="stack" ref={fields}>
          <NameFields />
          <Field
            name="email"
            param="client.email"
            type="email"
            label={common.email}
            autocomplete="username"
            autoCapitalize="none"
            spellcheck={false}
            value={email}
            onInput={(event) => setEmail(event.currentTarget.value)}
          />
          <NewPasswordField name="password" param="client.password" label={common.password} person={person} token={null} />
          <OptionalFields />
        </div>
      </Form>
      <p class="links">
        {text.have} {signIn(text.signIn)}
      </p>
    </SingleCard>
  );
}

function hasAccount(answer: Answer): boolean {
  return answer !== "unreachable" && (answer.status === "email-already-registered" || answer.status === "email-already-registerd");
}
