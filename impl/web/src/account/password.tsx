import { useRef, useState } from "preact/hooks";
import { attempt, planoauth } from "../api";
import { translate } from "../document";
import { rules } from "../texts/rules";
import { Form, PasswordField } from "../ui/form";
import { withSession } from "../ui/signed-in";
import { Section, type SectionProps } from "./section";

const text = translate({
  en: {
    title: "Password",
    has: "You sign in with a password.",
    none: "You have no password. You sign in with a mailed link or with Google.",
    change: "Change your password",
    set: "Set a password",
    current: "Present password",
    password: "New password",
    hint: "At least 8 characters. A few words that do not belong together are easy to remember and hard to guess.",
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
    hint: "Al menos 8 caracteres. Unas cuantas palabras sin relación entre sí son fáciles de recordar y difíciles de adivinar.",
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
        <Form send={save} action={text.save} inline key={made}>
          <input name="username" autocomplete="username" value={user.email} hidden readOnly />
          {user.has_password && <PasswordField name="current_password" label={text.current} autocomplete="current-password" />}
          <NewPassword user={user} />
          <p class="small quiet">{text.others}</p>
        </Form>
      </details>
    </Section>
  );
}

/** A field that says, when it is left, what the server would say of the password. */
function NewPassword({ user }: { user: SectionProps["user"] }) {
  const [broken, setBroken] = useState<string | undefined>();
  const judged = useRef("");

  async function judge(password: string) {
    judged.current = password;
    const { email = "", first_name, last_name } = user;
    const names = { ...(first_name && { first_name }), ...(last_name && { last_name }) };
    const outcome = password ? await attempt(planoauth.passwordsJudge({ password, email, ...names }, { token: null })) : null;
    const known = outcome && outcome !== "unreachable" && outcome.status === "action-successful" ? outcome.data.rules : [];
    if (judged.current === password) setBroken(known.map((rule) => rules[rule as keyof typeof rules])[0]);
  }

  return (
    <PasswordField
      name="password"
      label={text.password}
      hint={text.hint}
      error={broken}
      autocomplete="new-password"
      onInput={() => setBroken(undefined)}
      onBlur={(event) => judge(event.currentTarget.value)}
    />
  );
}
