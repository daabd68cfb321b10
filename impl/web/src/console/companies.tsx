import type { components } from "planoauth";
import { useState } from "preact/hooks";
import { planoauth, type Answer } from "../api";
import { translate } from "../document";
import { Field, Form } from "../ui/form";
import { LoadOne } from "./load-one";
import { change, useLoaded } from "./load";
import { useMe } from "./me";
import { ActiveSwitch, NewLink, State } from "./records";
import { go, href } from "./route";
import { formatNumber, text as common } from "./texts";
import { Action } from "./ui/action";
import { Detail } from "./ui/detail";
import { List } from "./ui/list";
import { Section } from "./ui/section";
import { Time } from "./ui/time";
import { useAnnounce, View } from "./ui/view";

type Company = components["schemas"]["Company"];

const text = translate({
  en: {
    title: "Companies",
    create: "New company",
    createAction: "Create the company",
    created: "Company created",
    search: "Name",
    filters: { inactive: "Inactive" },
    sorts: { name: "By name" },
    none: "No companies yet",
    noneWhy: "Clients can belong to the companies that are listed here.",
    name: "Name",
    nameHint: "No other company may have it. Upper and lower case make no difference.",
    state: "State",
    active: "Active",
    inactive: "Inactive",
    clients: "Clients",
    rename: "Rename",
    renameTitle: "Rename the company",
    find: "Show the company with this name",
    record: "Record",
    activeHint: "People cannot choose a company that is not active. Clients who belong to it already keep it.",
    deactivate: "Deactivate this company?",
    deactivateWhy: (name: string) => `From now on, nobody can choose ${name} as their company. Clients who belong to it keep it. You can undo this here.`,
  },
  es: {
    title: "Empresas",
    create: "Nueva empresa",
    createAction: "Crear la empresa",
    created: "Empresa creada",
    search: "Nombre",
    filters: { inactive: "Inactivas" },
    sorts: { name: "Por nombre" },
    none: "Aún no hay empresas",
    noneWhy: "Los clientes pueden pertenecer a las empresas que figuran aquí.",
    name: "Nombre",
    nameHint: "No puede tenerlo otra empresa. Las mayúsculas y minúsculas no cuentan.",
    state: "Estado",
    active: "Activa",
    inactive: "Inactiva",
    clients: "Clientes",
    rename: "Cambiar el nombre",
    renameTitle: "Cambiar el nombre de la empresa",
    find: "Mostrar la empresa con este nombre",
    record: "Registro",
    activeHint: "Nadie puede elegir una empresa que no está activa. Los clientes que ya pertenecen a ella la conservan.",
    deactivate: "¿Desactivar esta empresa?",
    deactivateWhy: (name: string) => `Desde ahora nadie podrá elegir ${name} como su empresa. Los clientes que pertenecen a ella la conservan. Puedes deshacerlo aquí.`,
  },
});

const back = { href: href("companies"), label: text.title };

/** The companies. */
export function Companies() {
  const { may } = useMe();
  return (
    <View title={text.title} actions={may("support") && <NewLink section="companies" label={text.create} />}>
      <List<Company, "inactive", "name" | "created_at">
        label={text.title}
        search={text.search}
        least={3}
        filters={text.filters}
        sorts={[
          { by: "name", order: "asc", label: text.sorts.name },
          { by: "created_at", order: "desc", label: common.newest },
        ]}
        load={(params, options) => planoauth.companiesIndex({ ...params, view: "full" }, options)}
        href={({ id }) => href(`companies/${id}`)}
        columns={[
          { label: text.name, kind: "wide", cell: ({ name }) => name },
          { label: text.clients, kind: "number", cell: ({ clients }) => formatNumber(clients!) },
          { label: text.state, cell: ({ active }) => <State active={active!} words={text} /> },
          { label: common.created, cell: ({ created_at }) => <Time time={created_at} /> },
        ]}
        empty={
          <>
            <p class="strong">{text.none}</p>
            <p class="quiet">{text.noneWhy}</p>
          </>
        }
      />
    </View>
  );
}

/** Makes a company. */
export function NewCompany() {
  const announce = useAnnounce();
  const [name, setName] = useState("");

  const send = () =>
    change(
      () => planoauth.companiesCreate({ name }),
      ({ id }) => {
        announce(text.created);
        go(href(`companies/${id}`));
      },
    );

  return (
    <View title={text.create} back={back}>
      <section class="panel narrow">
        <Form send={send} action={text.createAction} inline remedy={(answer) => taken(answer, name)}>
          <Field name="name" label={text.name} hint={text.nameHint} maxLength={200} autocomplete="off" value={name} onInput={(event) => setName(event.currentTarget.value)} />
        </Form>
      </section>
    </View>
  );
}

function taken(answer: Answer, name: string) {
  if (answer === "unreachable" || answer.status !== "company-already-exists") return null;
  return (
    <p>
      <a href={href("companies", { q: name })}>{text.find}</a>
    </p>
  );
}

/** One company. */
export function OneCompany({ id }: { id: number }) {
  const company = useLoaded((options) => planoauth.companiesRead({ id, view: "full" }, options), [id]);
  return <LoadOne of={company} back={back}>{(shown) => <CompanyShown company={shown} set={company.set} />}</LoadOne>;
}

function CompanyShown({ company, set }: { company: Company; set(company: Company): void }) {
  const { may } = useMe();
  const name = company.name!;

  const update = (params: { name?: string; active?: boolean }) => change(() => planoauth.companiesUpdate({ id: company.id, ...params, view: "full" }), set);

  const rename = {
    title: text.renameTitle,
    action: text.rename,
    children: <Field name="name" label={text.name} hint={text.nameHint} maxLength={200} autocomplete="off" defaultValue={name} />,
  };
  return (
    <View title={name} back={back}>
      <div class="panels two">
        <Section title={common.details} actions={may("support") && <Action label={text.rename} run={(values) => update({ name: values.name! })} done={common.saved} question={rename} />}>
          <Detail
            items={[
              [text.name, name],
              [text.clients, formatNumber(company.clients!)],
              [text.state, <State active={company.active!} words={text} />],
              [common.created, <Time time={company.created_at} exact />],
            ]}
          />
        </Section>
        {may("support") && (
          <Section title={text.record}>
            <ActiveSwitch
              active={company.active!}
              label={text.active}
              hint={text.activeHint}
              question={text.deactivate}
              why={text.deactivateWhy(name)}
              change={(active) => update({ active })}
            />
          </Section>
        )}
      </div>
    </View>
  );
}
