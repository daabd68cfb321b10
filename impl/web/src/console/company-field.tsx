import type { components } from "planoauth";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { planoauth, type Answer } from "../api";
import { translate } from "../document";
import { Field } from "../ui/form";
import { withSession } from "../ui/signed-in";
import { optional } from "./texts";

type Company = components["schemas"]["Company"];

const text = translate({
  en: {
    label: "Company",
    hint: "Type the beginning of its name, then choose it",
    unknown: "There is no company with this name. Choose one from the list, or create it under Companies first.",
  },
  es: {
    label: "Empresa",
    hint: "Escribe el comienzo de su nombre y elígela",
    unknown: "No hay ninguna empresa con este nombre. Elige una de la lista o créala antes en Empresas.",
  },
});

const shortest = 3; // what companies/index takes as a search term

type Params = components["schemas"]["CompaniesIndexParams"];

async function list(params: Params) {
  const outcome = await withSession(() => planoauth.companiesIndex({ ...params, page: { size: 100, ...params.page } }));
  return outcome !== "unreachable" && outcome.status === "action-successful" ? outcome.data : outcome;
}

const same = (a = "", b = "") => a.trim().toLowerCase() === b.trim().toLowerCase();

/** Finds the id of a company by its name, which no other has: 0 for no name, undefined where there is none. A refusal is returned as it is. */
export async function companyOf(name: string): Promise<number | undefined | Answer> {
  const term = name.trim();
  if (term === "") return 0;
  const search = term.length >= shortest ? { search: { term } } : {}; // the list has what is too short to search for
  for (let page: Params["page"] = {}; ; ) {
    const found = await list({ ...search, page });
    if (found === "unreachable" || "status" in found) return found;
    const company = found.results.find((company) => same(company.name, term));
    if (company || !found.next) return company?.id;
    page = { after: found.next };
  }
}

interface CompanyFieldProps {
  param: string;
  value: string;
  onChange(name: string): void;
  /** How often the form was sent with the name of no company; each time the field takes the focus. */
  unknown: number;
}

/** A field for the name of a company, which offers those that there are. */
export function CompanyField({ param, value, onChange, unknown }: CompanyFieldProps) {
  const [offered, setOffered] = useState<Company[]>([]);
  const id = useId();
  const place = useRef<HTMLDivElement>(null);
  const term = value.trim().length < shortest ? "" : value.trim();
  useEffect(() => {
    let dropped = false;
    const wait = setTimeout(async () => {
      const found = await list(term ? { search: { term } } : {});
      if (!dropped && found !== "unreachable" && "results" in found) setOffered(found.results.filter((company) => company.active));
    }, 200);
    return () => (clearTimeout(wait), void (dropped = true));
  }, [term]);
  useEffect(() => {
    if (unknown) place.current!.querySelector("input")!.focus();
  }, [unknown]);
  return (
    <div ref={place}>
      <Field
        name="company"
        param={param}
        label={optional(text.label)}
        hint={text.hint}
        error={unknown ? text.unknown : undefined}
        list={id}
        autocomplete="off"
        value={value}
        onInput={(event) => onChange(event.currentTarget.value)}
      />
      <datalist id={id}>
        {offered.map((company) => (
          <option key={company.id} value={company.name} />
        ))}
      </datalist>
    </div>
  );
}
