import { attempt, planoauth } from "../api";
import { data, translate } from "../document";
import { Field, Form, PasswordField } from "../ui/form";
import { SingleCard } from "../ui/frame";
import { text as common } from "../ui/texts";

const text = translate({
  en: { title: "Sign in", action: "Sign in" },
  es: { title: "Iniciar sesión", action: "Iniciar sesión" },
});

/** The page /sign-in, for the people of products that have no page of their own. */
export function SignIn() {
  const { challenge, redirect_url = "" } = data.page as { challenge: string; redirect_url?: string };

  async function send({ email = "", password = "" }: Record<string, string>) {
    const outcome = await attempt(planoauth.sessionsCreate({ email, password, application: data.application!.slug, ...(redirect_url && { redirect_url }) }));
    if (outcome === "unreachable" || outcome.status !== "action-successful") return outcome;
    const handedOver = await attempt(planoauth.sessionsHandOver({ challenge }, { token: outcome.data.token }));
    if (handedOver === "unreachable" || handedOver.status !== "action-successful") return handedOver;
    location.assign(handedOver.data.url);
    return null;
  }

  return (
    <SingleCard title={text.title}>
      <Form send={send} action={text.action}>
        <Field name="email" type="email" label={common.email} autocomplete="username" autoFocus />
        <PasswordField name="password" label={common.password} autocomplete="current-password" />
      </Form>
    </SingleCard>
  );
}
