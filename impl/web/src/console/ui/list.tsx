import type { CallOptions, Outcome } from "planoauth";
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { attempt, type Answer } from "../../api";
import { Refusal } from "../../ui/refusal";
import { withSession } from "../../ui/signed-in";
import { setQuery, useRoute } from "../route";
import { formatNumber, text } from "../texts";
import { Waiting } from "../load";

/** The params of an index operation that a list sets. */
export interface ListParams<Filter extends string, Sort extends string> {
  count?: boolean;
  search?: { term: string };
  filters?: Filter[];
  page?: { size?: number; after?: string };
  sort?: { by: Sort; order: "asc" | "desc" };
}

/** A page of rows, as the index operations answer it. */
interface Rows<Row> {
  results: Row[];
  next?: string;
  count?: number;
  count_estimated?: boolean;
}

/** One column. The first one of a list has the link to the row. */
export interface Column<Row> {
  label: string;
  cell(row: Row, replace: (row: Row) => void): ComponentChildren;
  /** How the column behaves: "wide" takes the room that is left, "control" and "end" have no heading, "end" not even in a card. */
  kind?: "wide" | "number" | "control" | "end";
}

interface ListProps<Row extends { id: number }, Filter extends string, Sort extends string> {
  /** What is listed, for people who listen: "People". */
  label: string;
  /** Calls the index operation. */
  load(params: ListParams<Filter, Sort>, options: CallOptions): Promise<Outcome | (Outcome & { status: "action-successful"; data: Rows<Row> })>;
  columns: Column<Row>[];
  /** Where a row leads to; undefined for rows that lead nowhere. */
  href?(row: Row): string | undefined;
  /** What a row opens instead, such as a dialog. */
  open?(row: Row): void;
  /** What the search field looks for, such as "E-mail or name"; absent for lists without search. */
  search?: string;
  /** The shortest search that the operation takes. */
  least?: number;
  filters?: Record<Filter, string>;
  /** The filters that are on until the person changes them. */
  initially?: Filter[];
  /** The orders to choose from, such as {created_at: {desc: "Newest first"}}; the first one is the default. */
  sorts?: { by: Sort; order: "asc" | "desc"; label: string }[];
  /** Values besides search and filters that change what load asks for. */
  besides?: unknown[];
  /** Further controls beside the filters. */
  controls?: ComponentChildren;
  /** What an empty list says. */
  empty?: ComponentChildren;
  /** Loads the rows anew so often, in milliseconds, while the page is visible. */
  refresh?: number;
  /** Keeps rows, changed by the person, that a refresh no longer brings. */
  keep?(row: Row): boolean;
}

interface Found<Row> extends Rows<Row> {
  key: string; // of the search that found them
}

/**
 * The rows of an index operation, with its search, filters and sorts, which stand in the address. It is a table on wide
 * screens and a list of cards on a phone.
 */
export function List<Row extends { id: number }, Filter extends string = never, Sort extends string = never>(props: ListProps<Row, Filter, Sort>) {
  const { label, columns, href, search, least = 2, filters, initially = [], sorts = [], refresh } = props;
  const { query } = useRoute();
  const term = query.get("q") ?? "";
  const chosen = query.has("f") ? (query.get("f")!.split(",").filter(Boolean) as Filter[]) : initially;
  const sort = sorts.find((sort) => `${sort.by}-${sort.order}` === query.get("s")) ?? sorts[0];
  const searched = term.length >= least;
  const key = JSON.stringify([searched && term, chosen, sort?.by, sort?.order, props.besides]);

  const [found, setFound] = useState<Found<Row>>();
  const [refusal, setRefusal] = useState<Answer | null>(null);
  const [busy, setBusy] = useState(false);
  const running = useRef<AbortController | undefined>(undefined);
  const latest = useRef<Found<Row> | undefined>(undefined);
  latest.current = found;

  /** Asks for rows. A quiet call neither shows that it runs, nor asks to sign in again. */
  async function ask(page: { size?: number; after?: string }, quiet: boolean): Promise<Rows<Row> | null> {
    running.current?.abort();
    const { signal } = (running.current = new AbortController());
    if (!quiet) setBusy(true);
    const params: ListParams<Filter, Sort> = {
      ...(!page.after && { count: true }),
      ...(searched && { search: { term } }),
      ...(chosen.length > 0 && { filters: chosen }),
      ...(sort && { sort: { by: sort.by, order: sort.order } }),
      page,
    };
    try {
      const call = () => props.load(params, { signal });
      const outcome = await (quiet ? attempt(call()) : withSession(call));
      if (signal.aborted) return null;
      if (!quiet) setBusy(false);
      if (outcome !== "unreachable" && outcome.status === "action-successful") {
        setRefusal(null);
        return (outcome as unknown as { data: Rows<Row> }).data;
      }
      if (!quiet) setRefusal(outcome);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
    return null;
  }

  async function load(quiet = false) {
    const shown = latest.current?.key === key ? latest.current.results : [];
    const rows = await ask({ size: quiet ? Math.min(100, Math.max(pageSize, shown.length)) : pageSize }, quiet);
    if (rows) setFound({ ...rows, results: quiet ? merge(shown, rows.results, props.keep) : rows.results, key });
  }

  async function more() {
    const before = latest.current!;
    const rows = await ask({ size: pageSize, after: before.next! }, false);
    const known = new Set(before.results.map((row) => row.id));
    if (rows) setFound({ ...before, results: [...before.results, ...rows.results.filter((row) => !known.has(row.id))], next: rows.next });
  }

  useEffect(() => {
    void load();
    return () => running.current?.abort();
  }, [key]);
  useEffect(() => {
    if (!refresh) return;
    const again = () => void (document.visibilityState === "visible" && load(true));
    const timer = setInterval(again, refresh);
    document.addEventListener("visibilitychange", again);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", again);
    };
  }, [key, refresh]);

  const replace = (row: Row) => setFound((found) => found && { ...found, results: found.results.map((other) => (other.id === row.id ? row : other)) });
  const narrowed = searched || chosen.length > 0;
  const names = Object.entries(filters ?? {}) as [Filter, string][];
  const below = names.length > 2 || Boolean(props.controls); // a row of their own
  const toggles = names.length > 0 && (
    <div class="toggles" role="group" aria-label={text.filters}>
      {names.map(([filter, name]) => (
        <Toggle key={filter} label={name} on={chosen.includes(filter)} turn={(on) => setFilters(chosen, filter, on, initially.length > 0)} />
      ))}
    </div>
  );
  return (
    <div class="list">
      <div class="list-head">
        {search && <SearchField label={search} least={least} />}
        {!below && toggles}
        {sorts.length > 1 && sort && (
          <select class="sort" aria-label={text.sort} value={`${sort.by}-${sort.order}`} onChange={(event) => setQuery({ s: event.currentTarget.value })}>
            {sorts.map(({ by, order, label }) => (
              <option key={`${by}-${order}`} value={`${by}-${order}`}>
                {label}
              </option>
            ))}
          </select>
        )}
        {below && (
          <div class="more-filters">
            {toggles}
            {props.controls}
          </div>
        )}
      </div>
      <Refusal answer={refusal} />
      {refusal && (
        <p>
          <button type="button" class="button plain small" onClick={() => void load()}>
            {text.again}
          </button>
        </p>
      )}
      {found ? (
        <Table rows={found.results} label={label} columns={columns} href={href} open={props.open} replace={replace} stale={busy && found.key !== key} />
      ) : (
        busy && <Waiting />
      )}
      {found && found.results.length === 0 && (
        <div class="empty">
          {narrowed && !(props.empty && initially.length > 0 && !searched && !query.has("f")) ? (
            <>
              <p class="strong">{text.nothingFound}</p>
              <p class="quiet">{text.nothingFoundHint}</p>
            </>
          ) : (
            (props.empty ?? <p class="strong">{text.nothing}</p>)
          )}
        </div>
      )}
      {found && found.results.length > 0 && (
        <footer class="row apart">
          <p class="quiet small" role="status">
            {text.shown(found.results.length, total(found))}
          </p>
          {found.next && (
            <button type="button" class="button plain small" aria-disabled={busy} onClick={() => busy || void more()}>
              {text.more}
            </button>
          )}
        </footer>
      )}
    </div>
  );
}

const pageSize = 25;

/** Returns the number of all matches for people, undefined where it is not known. */
function total({ count, count_estimated, results }: Rows<unknown>): string | undefined {
  if (count === undefined) return undefined;
  const number = formatNumber(Math.max(count, results.length));
  return count_estimated ? text.about(number) : number;
}

/** Puts rows that are kept back among the new ones, where they were: new rows come before them. */
function merge<Row extends { id: number }>(before: Row[], now: Row[], keep?: (row: Row) => boolean): Row[] {
  if (!keep) return now;
  const merged = [...now];
  const place = (id: number) => merged.findIndex((row) => row.id === id);
  before.forEach((row, i) => {
    if (place(row.id) >= 0 || !keep(row)) return;
    const next = before.slice(i + 1).find((other) => place(other.id) >= 0);
    merged.splice(next ? place(next.id) : merged.length, 0, row);
  });
  return merged;
}

function setFilters<Filter extends string>(chosen: Filter[], filter: Filter, on: boolean, kept: boolean) {
  const next = on ? [...chosen, filter] : chosen.filter((other) => other !== filter);
  setQuery({ f: next.length || kept ? next.join(",") : undefined });
}

/** A filter that is on or off. */
function Toggle({ label, on, turn }: { label: string; on: boolean; turn(on: boolean): void }) {
  return (
    <button type="button" class="toggle" aria-pressed={on} onClick={() => turn(!on)}>
      {label}
    </button>
  );
}

/** Keeps what is typed into a field, and puts it into the address a moment later. */
function useTyped(name: string): [typed: string, type: (value: string) => void] {
  const { query } = useRoute();
  const value = query.get(name) ?? "";
  const [typed, setTyped] = useState(value);
  const timer = useRef(0);
  useEffect(() => {
    if (!timer.current) setTyped(value); // the address was changed by going back
  }, [value]);
  useEffect(() => () => clearTimeout(timer.current), []);
  return [
    typed,
    (value) => {
      setTyped(value);
      clearTimeout(timer.current);
      timer.current = window.setTimeout(() => {
        timer.current = 0;
        setQuery({ [name]: value.trim() || undefined });
      }, 250);
    },
  ];
}

const plain = { maxLength: 200, autoCapitalize: "none", autocomplete: "off", spellcheck: false } as const;

/** The search field. */
function SearchField({ label, least }: { label: string; least: number }) {
  const [typed, type] = useTyped("q");
  const short = typed.trim().length > 0 && typed.trim().length < least;
  return (
    <div class="search" role="search">
      <svg viewBox="0 0 16 16" width="16" height="16" fill="none" stroke="currentColor" stroke-width="1.6" aria-hidden="true">
        <circle cx="7" cy="7" r="4.5" />
        <path d="m10.5 10.5 3.5 3.5" stroke-linecap="round" />
      </svg>
      <input type="search" {...plain} aria-label={`${text.search}: ${label}`} placeholder={label} value={typed} onInput={(event) => type(event.currentTarget.value)} />
      {short && (
        <span class="quiet small" role="status">
          {text.shorter(least)}
        </span>
      )}
    </div>
  );
}

/** A field that narrows a list to rows of one value, which stands in the address under the name. */
export function QueryField({ name, label, choices = [] }: { name: string; label: string; choices?: string[] }) {
  const id = useId();
  const [typed, type] = useTyped(name);
  return (
    <div class="query-field">
      <input {...plain} aria-label={label} placeholder={label} value={typed} list={choices.length ? id : undefined} onInput={(event) => type(event.currentTarget.value)} />
      {choices.length > 0 && (
        <datalist id={id}>
          {choices.map((choice) => (
            <option key={choice} value={choice} />
          ))}
        </datalist>
      )}
    </div>
  );
}

/** The first cell of a row, which leads to what the row is about. */
function RowLink({ to, open, children }: { to: string | undefined; open: (() => void) | undefined; children: ComponentChildren }) {
  if (to) {
    return (
      <a class="row-link" href={to}>
        {children}
      </a>
    );
  }
  if (!open) return <>{children}</>;
  return (
    <button type="button" class="row-link" aria-haspopup="dialog" onClick={open}>
      {children}
    </button>
  );
}

interface TableProps<Row> {
  rows: Row[];
  label: string;
  columns: Column<Row>[];
  href: ((row: Row) => string | undefined) | undefined;
  open: ((row: Row) => void) | undefined;
  replace(row: Row): void;
  stale: boolean;
}

/** The rows. Roles are named, because a table that is shown as cards would lose them. */
function Table<Row extends { id: number }>({ rows, label, columns, href, open, replace, stale }: TableProps<Row>) {
  if (rows.length === 0) return null;
  return (
    <table role="table" class={stale ? "rows stale" : "rows"} aria-label={label} aria-busy={stale}>
      <thead role="rowgroup">
        <tr role="row">
          {columns.map((column) => (
            <th key={column.label} role="columnheader" scope="col" class={column.kind}>
              {column.kind === "end" || column.kind === "control" ? <span class="visually-hidden">{column.label}</span> : column.label}
            </th>
          ))}
        </tr>
      </thead>
      <tbody role="rowgroup">
        {rows.map((row) => {
          const to = href?.(row);
          return (
            <tr role="row" key={row.id} class={to || open ? "linked" : undefined}>
              {columns.map((column, i) => (
                <td key={column.label} role="cell" class={column.kind} data-label={column.label}>
                  <RowLink to={i === 0 ? to : undefined} open={i === 0 && open ? () => open(row) : undefined}>
                    {column.cell(row, replace)}
                  </RowLink>
                </td>
              ))}
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
