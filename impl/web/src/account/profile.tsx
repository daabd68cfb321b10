import { useState } from "preact/hooks";
import { planoauth } from "../api";
import { translate } from "../document";
import { Field, Form, Labels, useField } from "../ui/form";
import { withSession } from "../ui/signed-in";
import { Section, type SectionProps } from "./section";

const text = translate({
  en: {
    title: "Profile",
    firstName: "First name",
    lastName: "Last name",
    phone: "Phone number (optional)",
    phoneHint: "With the country code, such as +1\u00a0212\u00a0555\u00a02368",
    locale: "Language of your mails",
    any: "The language of the page that you are using",
    save: "Save profile",
    saved: "Your profile is saved.",
  },
  es: {
    title: "Perfil",
    firstName: "Nombre",
    lastName: "Apellidos",
    phone: "Número de teléfono (opcional)",
    phoneHint: "Con el prefijo del país, como +34\u00a0612\u00a0345\u00a0678",
    locale: "Idioma de los correos que recibes",
    any: "El idioma de la página que estés usando",
    save: "Guardar perfil",
    saved: "Tu perfil está guardado.",
  },
});
export const profileTitle = text.title;

const names = ["first_name", "last_name", "phone", "locale"] as const;

/** Name, phone number, and the language of mails. */
export function Profile({ user, changed }: SectionProps) {
  const [values, setValues] = useState(valuesOf(user));
  const [said, setSaid] = useState<string | null>(null);

  async function save() {
    setSaid(null);
    const known = valuesOf(user);
    const params = Object.fromEntries(names.filter((name) => values[name] !== known[name]).map((name) => [name, values[name]]));
    const outcome = await withSession(() => planoauth.usersUpdate({ ...params, view: "full" }));
    if (outcome === "unreachable" || outcome.status !== "action-successful") return outcome;
    changed(outcome.data);
    setValues(valuesOf(outcome.data));
    setSaid(text.saved);
    return null;
  }

  const input = (name: (typeof names)[number]) => ({
    name,
    value: values[name],
    onInput: (event: { currentTarget: HTMLInputElement | HTMLSelectElement }) => setValues({ ...values, [name]: event.currentTarget.value }),
  });
  return (
    <Section id="profile" title={text.title} said={said}>
      <Form send={save} action={text.save} inline>
        <div class="pair">
          <Field {...input("first_name")} label={text.firstName} autocomplete="given-name" />
          <Field {...input("last_name")} label={text.lastName} autocomplete="family-name" />
        </div>
        <Field {...input("phone")} type="tel" label={text.phone} hint={text.phoneHint} autocomplete="tel" />
        <Locale {...input("locale")} />
      </Form>
    </Section>
  );
}

function valuesOf(user: SectionProps["user"]) {
  return { first_name: user.first_name ?? "", last_name: user.last_name ?? "", phone: user.phone ?? "", locale: user.locale ?? "" };
}

/** The choice of a language, each in its own words. */
function Locale(select: { name: string; value: string; onInput(event: { currentTarget: HTMLSelectElement }): void }) {
  const { id, error, attributes } = useField("locale", false);
  return (
    <div class="field">
      <Labels id={id} label={text.locale} error={error} />
      <select {...select} {...attributes}>
        <option value="">{text.any}</option>
        <option value="en" lang="en">
          English
        </option>
        <option value="es" lang="es">
          Español
        </option>
      </select>
    </div>
  );
}
