// Where the console is: the part of its address after #, such as #/people/12 or #/people?q=ada. So back and forward
// work, and an address can be copied to a colleague.

import { useEffect, useState } from "preact/hooks";

export interface Route {
  /** The section, such as "people". */
  section: string;
  /** What is shown of the section: an id, or a word; "" for its list. */
  item: string;
  /** The search and the filters of a list. */
  query: URLSearchParams;
}

/** Returns the route of the address. */
export function route(): Route {
  const [path = "", query = ""] = location.hash.replace(/^#\/?/, "").split("?", 2);
  const [section = "", item = ""] = path.split("/");
  return { section, item, query: new URLSearchParams(query) };
}

/** Returns an address in the console. Empty values are left out of the query. */
export function href(path: string, query: Record<string, string | number | undefined> = {}): string {
  const kept = Object.entries(query).flatMap(([name, value]) => (value === undefined || value === "" ? [] : [[name, String(value)]]));
  return `#/${path}${kept.length ? `?${new URLSearchParams(kept)}` : ""}`;
}

/** Goes to an address in the console. */
export function go(to: string) {
  location.hash = to;
}

/** Changes values of the query without a step in the history. Undefined takes a value away. */
export function setQuery(change: Record<string, string | undefined>) {
  const { section, item, query } = route();
  for (const [name, value] of Object.entries(change)) value === undefined ? query.delete(name) : query.set(name, value);
  const text = query.toString();
  history.replaceState(null, "", `#/${section}${item && `/${item}`}${text && `?${text}`}`);
  dispatchEvent(new HashChangeEvent("hashchange"));
}

/** The route, which renders anew when it changes. */
export function useRoute(): Route {
  const [current, setCurrent] = useState(route);
  useEffect(() => {
    const follow = () => setCurrent(route());
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  return current;
}
