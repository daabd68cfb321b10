import type { CallOptions, Outcome } from "planoauth";
import type { ComponentChildren } from "preact";
import type { Answer } from "../api";
import { translate } from "../document";
import { useMe, type Access } from "./me";
import { href } from "./route";
import { text as common } from "./texts";
import { Switch } from "./ui/action";
import { Detail } from "./ui/detail";
import { List, type Column, type ListParams } from "./ui/list";
import { Section } from "./ui/section";
import { Time } from "./ui/time";
import { View } from "./ui/view";

/** Texts of the records of all kinds. */
export const text = translate({
  en: {
    email: "E-mail address",
    name: "Name",
    byEmail: "By e-mail address",
    state: "State",
    search: "E-mail address or name",
    record: "Record",
    deactivate: "Deactivate",
  },
  es: {
    email: "Correo electrónico",
    name: "Nombre",
    byEmail: "Por correo electrónico",
    state: "Estado",
    search: "Correo electrónico o nombre",
    record: "Registro",
    deactivate: "Desactivar",
  },
});

/** What the records of all kinds have. */
interface PersonRecord {
  id: number;
  email?: string;
  first_name?: string;
  last_name?: string;
  active?: boolean;
  created_at?: string;
  user?: { id: number };
}

/** Returns the whole name of a person, "" where none is known. */
export const nameOf = ({ first_name, last_name }: { first_name?: string; last_name?: string }) => [first_name, last_name].filter(Boolean).join(" ");

/** Leads to the person whose record it is. */
export function PersonLink({ of: { email, user } }: { of: PersonRecord }) {
  return <a href={href(`people/${user!.id}`)}>{email}</a>;
}

/** The orders of the lists of people and of their records. */
export const recordSorts: { by: "created_at" | "email"; order: "asc" | "desc"; label: string }[] = [
  { by: "created_at", order: "desc", label: common.newest },
  { by: "created_at", order: "asc", label: common.oldest },
  { by: "email", order: "asc", label: text.byEmail },
];

/** Who a record is of. */
function personColumns<Row extends PersonRecord>(): Column<Row>[] {
  return [
    { label: text.email, cell: (row) => row.email },
    { label: text.name, cell: (row) => nameOf(row) || <span class="quiet">–</span> },
  ];
}

/** Whether a record counts, and since when there is one. */
function standingColumns<Row extends PersonRecord>(): Column<Row>[] {
  return [
    { label: text.state, cell: ({ active }) => <State active={active!} /> },
    { label: common.created, cell: ({ created_at }) => <Time time={created_at} /> },
  ];
}

/** Says whether something is active, in its own words where it has any. */
export function State({ active, words = common }: { active: boolean; words?: { active: string; inactive: string } }) {
  return <span class={active ? "badge good" : "badge"}>{active ? words.active : words.inactive}</span>;
}

/** Leads to the view that makes one. */
export function NewLink({ section, label }: { section: string; label: string }) {
  return (
    <a class="button small" href={href(`${section}/new`)}>
      {label}
    </a>
  );
}

type Sort = "created_at" | "email";

interface RecordListProps<Row extends PersonRecord, Filter extends string> {
  title: string;
  /** The section of the console with these records. */
  section: string;
  /** The least access that may make one, and the label for it. */
  least: Access;
  create: string;
  search?: string;
  filters: Record<Filter, string>;
  load(params: ListParams<Filter, Sort>, options: CallOptions): Promise<Outcome>;
  /** Columns of this kind of record. */
  columns?: Column<Row>[];
  /** What an empty list says. */
  none: string;
  noneWhy?: string;
}

/** The records of one kind. */
export function RecordList<Row extends PersonRecord, Filter extends string>(props: RecordListProps<Row, Filter>) {
  const { title, section, least, create, search = text.search, filters, load, columns = [], none, noneWhy } = props;
  const { may } = useMe();
  return (
    <View title={title} actions={may(least) && <NewLink section={section} label={create} />}>
      <List<Row, Filter, Sort>
        label={title}
        search={search}
        filters={filters}
        sorts={recordSorts}
        load={load}
        href={({ id }) => href(`${section}/${id}`)}
        columns={[...personColumns<Row>(), ...columns, ...standingColumns<Row>()]}
        empty={
          <>
            <p class="strong">{none}</p>
            {noneWhy && <p class="quiet">{noneWhy}</p>}
          </>
        }
      />
    </View>
  );
}

interface ActiveSwitchProps {
  active: boolean;
  label?: string;
  /** What it means not to be active. */
  hint: string;
  /** The question before something is deactivated. */
  question: string;
  why: string;
  /** Null means that it worked. */
  change(active: boolean): Promise<Answer | null>;
}

/** The switch of what is active or not. */
export function ActiveSwitch({ active, label = common.active, hint, question: title, why, change }: ActiveSwitchProps) {
  const question = { title, children: <p>{why}</p>, action: text.deactivate, danger: true };
  return <Switch label={label} hint={hint} checked={active} change={change} done={common.saved} question={(on) => (on ? undefined : question)} />;
}

interface StaffViewProps extends Omit<ActiveSwitchProps, "active"> {
  /** The record, in the view full. */
  record: PersonRecord;
  back: { href: string; label: string };
  /** The least access that may change it, where it is not the employee's own. */
  least: Access;
  /** Said of one's own record. */
  own: string;
  /** What is known besides, and what can be done about it. */
  items?: [label: string, value: ComponentChildren][];
  actions?: ComponentChildren;
}

/** The view of the record of an employee or of a liaison. */
export function StaffView({ record, back, least, own, items = [], actions, ...activation }: StaffViewProps) {
  const me = useMe();
  const { email, active, created_at, user } = record;
  const isOwn = user!.id === me.id;
  const may = me.may(least) && !isOwn;
  const name = nameOf(record);
  return (
    <View title={name || email!} back={back}>
      {isOwn && me.may(least) && <p class="notice above">{own}</p>}
      <div class="panels two">
        <Section title={common.details} actions={may && actions}>
          <Detail
            items={[
              [text.name, name],
              [text.email, <PersonLink of={record} />],
              ...items,
              [text.state, <State active={active!} />],
              [common.created, <Time time={created_at} exact />],
            ]}
          />
        </Section>
        {may && (
          <Section title={text.record}>
            <ActiveSwitch active={active!} {...activation} />
          </Section>
        )}
      </div>
    </View>
  );
}
