import { useState } from "preact/hooks";
import { planoauth, type Answer } from "../api";
import { translate } from "../document";
import { Field, Form } from "../ui/form";
import { withSession } from "../ui/signed-in";
import { changes } from "./changes";
import type { Client } from "./clients";
import { CompanyField, companyOf } from "./company-field";
import { Load, useLoaded } from "./load";
import { optional, text as common } from "./texts";
import { useAnnounce } from "./ui/view";

/** Texts of the fields of a client. */
export const fieldText = translate({
  en: {
    firstName: "First name",
    lastName: "Last name",
    phone: "Phone number",
    phoneHint: "With its country code",
    claimed: "Company named by the client",
    claimedHint: "Only a note, which gives no rights",
  },
  es: {
    firstName: "Nombre",
    lastName: "Apellidos",
    phone: "Número de teléfono",
    phoneHint: "Con el prefijo del país",
    claimed: "Empresa indicada por el cliente",
    claimedHint: "Solo una nota, que no da ningún derecho",
  },
});

interface ClientFormProps {
  client: Client;
  done(client: Client): void;
}

/** The form of a client. */
export function ClientForm({ client, done }: ClientFormProps) {
  const [company] = useState(client.company_id); // that the form begins with
  return company ? <WithCompany company={company} client={client} done={done} /> : <KnownClientForm client={client} company="" done={done} />;
}

/** The form, once the name of the company is known. */
function WithCompany({ company, ...form }: ClientFormProps & { company: number }) {
  const read = useLoaded((options) => planoauth.companiesRead({ id: company }, options), [company]);
  return <Load of={read}>{({ name = "" }) => <KnownClientForm {...form} company={name} />}</Load>;
}

const valuesOf = (client: Client) => ({
  first_name: client.first_name ?? "",
  last_name: client.last_name ?? "",
  phone: client.phone ?? "",
  company_id: client.company_id ?? 0,
  company_name: client.company_name ?? "",
});

function KnownClientForm({ client, company: named, done }: ClientFormProps & { company: string }) {
  const announce = useAnnounce();
  const [before, setBefore] = useState(() => valuesOf(client));
  const [known, setKnown] = useState(named); // the name of before.company_id
  const [company, setCompany] = useState(named);
  const [unknown, setUnknown] = useState(0);

  async function send({ first_name = "", last_name = "", phone = "", company_name = "" }: Record<string, string>): Promise<Answer | null> {
    const id = company === known ? before.company_id : await companyOf(company);
    if (id === undefined) return setUnknown(unknown + 1), null;
    if (typeof id !== "number") return id;
    setUnknown(0);
    const changed = changes(before, { first_name, last_name, phone, company_id: id, company_name });
    if (Object.keys(changed).length === 0) return announce(common.saved), null;
    const outcome = await withSession(() => planoauth.clientsUpdate({ id: client.id, ...changed, view: "full" }));
    if (outcome === "unreachable" || outcome.status !== "action-successful") return outcome;
    setBefore(valuesOf(outcome.data));
    setKnown(company);
    done(outcome.data);
    announce(common.saved);
    return null;
  }

  return (
    <Form send={send} action={common.save} inline>
      <div class="fields two">
        <Field name="first_name" label={fieldText.firstName} maxLength={100} defaultValue={before.first_name} autocomplete="off" />
        <Field name="last_name" label={fieldText.lastName} maxLength={100} defaultValue={before.last_name} autocomplete="off" />
      </div>
      <Field key={before.phone} name="phone" type="tel" label={optional(fieldText.phone)} hint={fieldText.phoneHint} maxLength={32} defaultValue={before.phone} autocomplete="off" />
      <CompanyField param="company_id" value={company} onChange={setCompany} unknown={unknown} />
      <Field name="company_name" label={optional(fieldText.claimed)} hint={fieldText.claimedHint} maxLength={200} defaultValue={before.company_name} autocomplete="off" />
    </Form>
  );
}
