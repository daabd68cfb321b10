import type { components } from "planoauth";
import { useState } from "preact/hooks";
import { planoauth, type Answer } from "../api";
import { translate } from "../document";
import { Field } from "../ui/form";
import { withSession } from "../ui/signed-in";
import { ClientForm, fieldText } from "./client-form";
import { CompanyField, companyOf } from "./company-field";
import { Check, Choice } from "./fields";
import { LoadOne } from "./load-one";
import { useLoaded } from "./load";
import { useMe } from "./me";
import { NewRecordView } from "./new-record";
import { ActiveSwitch, nameOf, PersonLink, RecordList, State, text as recordText } from "./records";
import { href } from "./route";
import { optional, text as common } from "./texts";
import { Switch } from "./ui/action";
import { Detail } from "./ui/detail";
import { Section } from "./ui/section";
import { Time } from "./ui/time";
import { View } from "./ui/view";

export type Client = components["schemas"]["ClientRecord"];

const text = translate({
  en: {
    title: "Clients",
    create: "New client",
    createAction: "Create the client",
    search: "E-mail address, name or company",
    filters: { inactive: "Inactive", enterprise: "Enterprise", company_unconfirmed: "Company not confirmed" },
    none: "No clients yet",
    noneWhy: "People become clients when they register, or when an employee adds them here.",
    application: "Application",
    applicationHint: "Where the invitation leads",
    enterprise: "Enterprise",
    enterpriseHint: "Uses the products for a company that is not in the list of companies yet",
    company: "Company",
    confirmed: "Confirmed",
    unconfirmed: "Not confirmed",
    confirmedLabel: "Belongs to the company",
    confirmedHint: "Turn this on once you have checked it. Until then, only the client says so.",
    activeHint: "A client who is not active cannot sign in to applications for clients",
    deactivate: "Deactivate this client?",
    deactivateWhy: (email: string) => `From now on, ${email} can do nothing as a client. You can undo this here.`,
    unverified: "The address of this client is not confirmed yet, so it cannot belong to a company. Ask the person to use the link in their mail first.",
    own: "This is your own record. Another employee has to change it.",
  },
  es: {
    title: "Clientes",
    create: "Nuevo cliente",
    createAction: "Crear el cliente",
    search: "Correo electrónico, nombre o empresa",
    filters: { inactive: "Inactivos", enterprise: "Cuenta de empresa", company_unconfirmed: "Empresa sin confirmar" },
    none: "Aún no hay clientes",
    noneWhy: "Las personas se hacen clientes cuando se registran o cuando un empleado las añade aquí.",
    application: "Aplicación",
    applicationHint: "La que abre la invitación",
    enterprise: "Cuenta de empresa",
    enterpriseHint: "Usa los productos para una empresa que aún no está en la lista de empresas",
    company: "Empresa",
    confirmed: "Confirmada",
    unconfirmed: "Sin confirmar",
    confirmedLabel: "Pertenece a la empresa",
    confirmedHint: "Actívalo cuando lo hayas comprobado. Hasta entonces solo lo dice el cliente.",
    activeHint: "Un cliente que no está activo no puede iniciar sesión en las aplicaciones para clientes",
    deactivate: "¿Desactivar a este cliente?",
    deactivateWhy: (email: string) => `Desde ahora ${email} no podrá hacer nada como cliente. Puedes deshacerlo aquí.`,
    unverified: "La dirección de este cliente aún no está confirmada, así que no puede pertenecer a una empresa. Pide antes a la persona que use el enlace de su correo.",
    own: "Este es tu propio registro. Tiene que cambiarlo otro empleado.",
  },
});

const back = { href: href("clients"), label: text.title };

/** The clients. */
export function Clients() {
  return (
    <RecordList<Client, "inactive" | "enterprise" | "company_unconfirmed">
      title={text.title}
      section="clients"
      least="support"
      create={text.create}
      search={text.search}
      filters={text.filters}
      load={(params, options) => planoauth.clientsIndex(params, options)}
      columns={[{ label: text.company, cell: (client) => <ClaimedCompany client={client} /> }]}
      none={text.none}
      noneWhy={text.noneWhy}
    />
  );
}

/** What a list shows of the company of a client. */
function ClaimedCompany({ client: { company_id, company_name, company_confirmed, enterprise } }: { client: Client }) {
  const standing = company_id ? <Confirmed confirmed={company_confirmed!} /> : enterprise && <span class="badge">{text.enterprise}</span>;
  if (!company_name && !standing) return <span class="quiet">–</span>;
  return (
    <>
      {company_name} {standing}
    </>
  );
}

function Confirmed({ confirmed }: { confirmed: boolean }) {
  return <span class={confirmed ? "badge good" : "badge warning"}>{confirmed ? text.confirmed : text.unconfirmed}</span>;
}

/** Makes somebody a client. */
export function NewClient() {
  const applications = useLoaded((options) => planoauth.applicationsIndex({ page: { size: 100 } }, options), []);
  const [company, setCompany] = useState("");
  const [unknown, setUnknown] = useState(0);
  const admitting = (applications.data?.results ?? []).filter(({ admits }) => admits!.includes("client"));
  admitting.sort((a, b) => Number(a.slug === "planoauth") - Number(b.slug === "planoauth")); // a product comes first

  async function create(values: Record<string, string>) {
    const { application = "", email = "", first_name = "", last_name = "", phone, company_name, enterprise, invite } = values;
    const id = await companyOf(company);
    if (id === undefined) return setUnknown(unknown + 1), null;
    if (typeof id !== "number") return id;
    setUnknown(0);
    const client = { email, first_name, last_name, ...(phone && { phone }), ...(id && { company_id: id }), ...(company_name && { company_name }) };
    return withSession(() => planoauth.clientsCreate({ application, client, enterprise: enterprise === "on", invite: invite === "on", view: "full" }));
  }

  return (
    <NewRecordView
      title={text.create}
      back={back}
      action={text.createAction}
      section="clients"
      emailParam="client.email"
      nameParams={{ first: "client.first_name", last: "client.last_name" }}
      create={create}
    >
      <Field name="phone" param="client.phone" type="tel" label={optional(fieldText.phone)} hint={fieldText.phoneHint} maxLength={32} autocomplete="off" />
      <CompanyField param="client.company_id" value={company} onChange={setCompany} unknown={unknown} />
      <Field name="company_name" param="client.company_name" label={optional(fieldText.claimed)} hint={fieldText.claimedHint} maxLength={200} autocomplete="off" />
      <Check name="enterprise" label={text.enterprise} hint={text.enterpriseHint} />
      <Choice name="application" label={text.application} hint={text.applicationHint} options={Object.fromEntries(admitting.map(({ slug, name }) => [slug!, name!]))} />
    </NewRecordView>
  );
}

/** One client. */
export function OneClient({ id }: { id: number }) {
  const client = useLoaded((options) => planoauth.clientsRead({ id, view: "full" }, options), [id]);
  return <LoadOne of={client} back={back}>{(shown) => <ClientShown client={shown} set={client.set} />}</LoadOne>;
}

function ClientShown({ client, set }: { client: Client; set(client: Client): void }) {
  const me = useMe();
  const own = client.user!.id === me.id;
  const may = me.may("support") && !own;

  return (
    <View title={nameOf(client) || client.email!} back={back} about={may && <PersonLink of={client} />}>
      {own && me.may("support") && <p class="notice above">{text.own}</p>}
      <div class="panels two">
        <div class="column">
          <Section title={common.details}>{may ? <ClientForm client={client} done={set} /> : <ClientDetails client={client} />}</Section>
        </div>
        <div class="column">
          <Section title={recordText.record}>
            {may ? <ClientSwitches client={client} set={set} /> : <Standing client={client} />}
          </Section>
        </div>
      </div>
    </View>
  );
}

/** What is known of a client, for those who cannot change it. */
function ClientDetails({ client }: { client: Client }) {
  return (
    <Detail
      items={[
        [recordText.name, nameOf(client)],
        [recordText.email, <PersonLink of={client} />],
        [fieldText.phone, client.phone ?? ""],
        [text.company, client.company_id ? <CompanyName id={client.company_id} confirmed={client.company_confirmed!} /> : ""],
        [fieldText.claimed, client.company_name ?? ""],
      ]}
    />
  );
}

/** The name of a company, as a link to it, and whether the client belongs to it. */
function CompanyName({ id, confirmed }: { id: number; confirmed: boolean }) {
  const company = useLoaded((options) => planoauth.companiesRead({ id }, options), [id]);
  return (
    <>
      <a href={href(`companies/${id}`)}>{company.data?.name ?? id}</a> <Confirmed confirmed={confirmed} />
    </>
  );
}

function Standing({ client }: { client: Client }) {
  return (
    <Detail
      items={[
        [recordText.state, <State active={client.active!} />],
        [text.enterprise, client.enterprise ? common.yes : common.no],
        [common.created, <Time time={client.created_at} exact />],
      ]}
    />
  );
}

type Switches = Pick<components["schemas"]["ClientsUpdateParams"], "active" | "enterprise" | "company_confirmed">;

function ClientSwitches({ client, set }: { client: Client; set(client: Client): void }) {
  const [unverified, setUnverified] = useState(false);

  async function update(change: Switches): Promise<Answer | null> {
    const outcome = await withSession(() => planoauth.clientsUpdate({ id: client.id, ...change, view: "full" }));
    setUnverified(outcome !== "unreachable" && outcome.status === "email-unverified");
    if (outcome === "unreachable" || outcome.status !== "action-successful") return outcome;
    set(outcome.data);
    return null;
  }

  return (
    <div class="stack">
      <ActiveSwitch
        active={client.active!}
        hint={text.activeHint}
        question={text.deactivate}
        why={text.deactivateWhy(client.email!)}
        change={(active) => update({ active })}
      />
      {client.company_id && (
        <Switch
          label={text.confirmedLabel}
          hint={text.confirmedHint}
          checked={client.company_confirmed!}
          change={(company_confirmed) => update({ company_confirmed })}
          done={common.saved}
        />
      )}
      {unverified && <p class="notice warning">{text.unverified}</p>}
      {!client.company_id && (
        <Switch label={text.enterprise} hint={text.enterpriseHint} checked={client.enterprise!} change={(enterprise) => update({ enterprise })} done={common.saved} />
      )}
      <Detail items={[[common.created, <Time time={client.created_at} exact />]]} />
    </div>
  );
}
