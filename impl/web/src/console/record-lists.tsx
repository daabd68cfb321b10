import { translate } from "../document";
import { href } from "./route";
import { text as common } from "./texts";
import type { Column } from "./ui/list";
import { Time } from "./ui/time";

const text = translate({
  en: { email: "E-mail address", name: "Name", byEmail: "By e-mail", state: "State" },
  es: { email: "Correo electrónico", name: "Nombre", byEmail: "Por correo", state: "Estado" },
});

/** What the records of all kinds have. */
interface PersonRecord {
  id: number;
  email?: string;
  first_name?: string;
  last_name?: string;
  active?: boolean;
  created_at?: string;
}

/** Returns the whole name of a person, "" where none is known. */
export const nameOf = ({ first_name, last_name }: { first_name?: string; last_name?: string }) => [first_name, last_name].filter(Boolean).join(" ");

/** The orders of the lists of records. */
export const recordSorts: { by: "created_at" | "email"; order: "asc" | "desc"; label: string }[] = [
  { by: "created_at", order: "desc", label: common.newest },
  { by: "created_at", order: "asc", label: common.oldest },
  { by: "email", order: "asc", label: text.byEmail },
];

/** Who a record is of. */
export function personColumns<Row extends PersonRecord>(): Column<Row>[] {
  return [
    { label: text.email, cell: (row) => row.email },
    { label: text.name, cell: (row) => nameOf(row) || <span class="quiet">–</span> },
  ];
}

/** Whether a record counts, and since when there is one. */
export function standingColumns<Row extends PersonRecord>(): Column<Row>[] {
  return [
    { label: text.state, cell: ({ active }) => <State active={active!} /> },
    { label: common.created, cell: ({ created_at }) => <Time time={created_at} /> },
  ];
}

/** Says whether something is active. */
export function State({ active }: { active: boolean }) {
  return <span class={active ? "badge good" : "badge"}>{active ? common.active : common.inactive}</span>;
}

/** Leads to the view that makes one. */
export function NewLink({ section, label }: { section: string; label: string }) {
  return (
    <a class="button small" href={href(`${section}/new`)}>
      {label}
    </a>
  );
}
