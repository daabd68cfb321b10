import type { components } from "planoauth";
import { planoauth } from "../../api";
import { recordSorts } from "../records";
import { href } from "../route";
import { listed, text as common } from "../texts";
import { List } from "../ui/list";
import { Time } from "../ui/time";
import { View } from "../ui/view";
import { kinds, nameOf, text } from "./texts";

/** All users. */
export function People() {
  return (
    <View title={text.people}>
      <List
        label={text.people}
        load={(params, options) => planoauth.peopleIndex(params, options)}
        href={(row) => href(`people/${row.id}`)}
        search={text.search}
        filters={{ unverified: text.unconfirmed, recordless: text.recordless, no_password: text.noPassword, google_linked: text.googleLinked }}
        sorts={recordSorts}
        columns={[
          { label: text.person, kind: "wide", cell: (row) => <Who of={row} /> },
          { label: text.records, cell: (row) => <Kinds of={row.records ?? []} /> },
          { label: text.state, cell: (row) => <State of={row} /> },
          { label: common.created, cell: (row) => <Time time={row.created_at} /> },
        ]}
      />
    </View>
  );
}

/** The name of somebody over the address. */
export function Who({ of }: { of: { first_name?: string; last_name?: string; email?: string } }) {
  const name = nameOf(of);
  return (
    <span class="who">
      <span>{name}</span>
      {name !== of.email && <span class="quiet">{of.email}</span>}
    </span>
  );
}

function Kinds({ of }: { of: (keyof typeof kinds)[] }) {
  if (of.length === 0) return <span class="quiet">{text.none}</span>;
  return <>{listed(of.map((kind) => kinds[kind]))}</>;
}

/** What is unusual about somebody. */
export function State({ of }: { of: components["schemas"]["Person"] }) {
  if (!of.suspended && of.email_verified !== false && of.has_password !== false) return <span class="quiet">–</span>;
  return (
    <span class="badges">
      {of.suspended && <span class="badge problem">{text.suspended}</span>}
      {of.email_verified === false && <span class="badge warning">{text.unconfirmed}</span>}
      {of.has_password === false && <span class="badge">{text.noPassword}</span>}
    </span>
  );
}
