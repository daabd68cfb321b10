import { useState } from "preact/hooks";
import { planoauth } from "../api";
import { translate } from "../document";
import { Form, PasswordField } from "../ui/form";
import { NewPasswordField } from "../ui/new-password";
import { withSession } from "../ui/signed-in";
import { forgotten, Section, type SectionProps } from "./section";

const text = translate({
  en: {
    title: "Password",
    has: "You sign in with a password.",
    none: "You have no password. You sign in with a mailed link or with Google.",
    change: "Change your password",
    set: "Set a password",
    current: "Current password",
    password: "New password",
    others: "Your other devices are signed out, and we tell you by mail.",
    save: "Save the password",
    saved: "Your password is saved. Your other devices are signed out.",
  },
  es: {
    title: "Contraseña",
    has: "Inicias sesión con una contraseña.",
    none: "No tienes contraseña. Inicias sesión con un enlace por correo o con Google.",
    change: "Cambiar tu contraseña",
    set: "Crear una contraseña",
    current: "Contraseña actual",
    password: "Contraseña nueva",
    others: "Se cerrará la sesión en tus otros dispositivos y te avisaremos por correo.",
    save: "Guardar la contraseña",
    saved: "Tu contraseña está guardada. La sesión se ha cerrado en tus otros dispositivos.",
  },
});
export const passwordTitle = text.title;

/** Setting the first password, and changing it. */
export function Password({ user, changed, signedOut }: SectionProps & { signedOut(): void }) {
  const [said, setSaid] = useState<string | null>(null);
  const [open, setOpen] = useState(false);
  const [made, setMade] = useState(0); // a new form after each change

  async function save({ current_password = "", password = "" }: Record<string, string>) {
    setSaid(null);
    const current = user.has_password ? { current_password } : {};
    const outcome = await withSession(() => planoauth.usersPasswordUpdate({ password, ...current, view: "full" }));
    if (outcome === "unreachable" || outcome.status !== "action-successful") return outcome;
    changed(outcome.data);
    signedOut();
    setSaid(text.saved);
    setOpen(false);
    setMade(made + 1);
    return null;
  }

  return (
    <Section id="password" title={text.title} said={said}>
      <p>{user.has_password ? text.has : text.none}</p>
      <details open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>{user.has_password ? text.change : text.set}</summary>
        <Form send={save} action={text.save} inline key={made} remedy={(answer) => forgotten(answer, user)}>
          <input name="username" autocomplete="username" value={user.email} hidden readOnly />
          {user.has_password && <PasswordField name="current_password" label={text.current} autocomplete="current-password" />}
          <NewPasswordField name="password" label={text.password} person={() => personOf(user)} token={null} />
          <p class="small quiet">{text.others}</p>
        </Form>
      </details>
    </Section>
  );
}

function personOf({ email = "", first_name = "", last_name = "" }: SectionProps["user"]) {
  return { email, first_name, last_name };
}
