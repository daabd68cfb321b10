import type { components } from "planoauth";
import { useState } from "preact/hooks";
import { translate } from "../document";
import { Field } from "../ui/form";
import { text as common } from "../ui/texts";

const text = translate({
  en: {
    firstName: "First name",
    lastName: "Last name",
    phone: "Phone number",
    phoneHint: "With the country code, such as +1\u00a0212\u00a0555\u00a02368",
    enterprise: "I am registering for a company",
    company: "Name of the company",
  },
  es: {
    firstName: "Nombre",
    lastName: "Apellidos",
    phone: "Número de teléfono",
    phoneHint: "Con el prefijo del país, como +34\u00a0612\u00a0345\u00a0678",
    enterprise: "Me registro en nombre de una empresa",
    company: "Nombre de la empresa",
  },
});

/** The fields for the names, which come first in a registration. */
export function NameFields({ first_name, last_name }: { first_name?: string | undefined; last_name?: string | undefined }) {
  return (
    <div class="pair">
      <Field name="first_name" param="client.first_name" label={text.firstName} autocomplete="given-name" defaultValue={first_name} />
      <Field name="last_name" param="client.last_name" label={text.lastName} autocomplete="family-name" defaultValue={last_name} />
    </div>
  );
}

/** The fields that need not be filled in. */
export function OptionalFields() {
  const [enterprise, setEnterprise] = useState(false);
  return (
    <>
      <Field
        name="phone"
        param="client.phone"
        type="tel"
        label={`${text.phone} (${common.optional})`}
        hint={text.phoneHint}
        autocomplete="tel"
      />
      <label class="check">
        <input type="checkbox" name="enterprise" checked={enterprise} onChange={(event) => setEnterprise(event.currentTarget.checked)} />
        {text.enterprise}
      </label>
      {enterprise && (
        <Field name="company_name" param="client.company_name" label={`${text.company} (${common.optional})`} autocomplete="organization" />
      )}
    </>
  );
}

type Client = components["schemas"]["UsersClientRegisterClient"];

/** Returns the params of a registration. Fields that are left empty are absent, so that the server says what is missing. */
export function clientOf(values: Record<string, string>): { client: Client; enterprise?: true } {
  const { enterprise, ...fields } = values;
  const filled = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== ""));
  return { client: filled as unknown as Client, ...(enterprise && { enterprise: true }) };
}
