import { useState } from "preact/hooks";
import { translate } from "../document";
import { SingleCard } from "../ui/frame";
import { SignInForm } from "../ui/sign-in";
import { addressOf, application, page } from "./product";
import type { Ways } from "./page";
import { GoogleRefusal } from "./google-refusal";

const text = translate({
  en: { title: `Sign in to ${application.name}` },
  es: { title: `Iniciar sesión en ${application.name}` },
});

/** The page /sign-in, for the people of products that have no page of their own. */
export function SignIn({ email, setEmail, go, done, refused }: Ways) {
  const [sent, setSent] = useState<string | null>(null);
  return (
    <SingleCard title={sent ?? text.title}>
      {!sent && <GoogleRefusal refused={refused} />}
      <SignInForm
        application={application.slug}
        redirectURL={page.redirect_url}
        googleURL={addressOf("/sign-in")}
        email={email}
        done={done}
        register={application.admits_clients ? (typed) => (setEmail(typed), go("/register")) : undefined}
        forgotten={(typed) => (setEmail(typed), go("/forgot"))}
        sending={setSent}
      />
    </SingleCard>
  );
}
