import type { components } from "planoauth";
import { useState } from "preact/hooks";
import { planoauth } from "../api";
import { translate } from "../document";
import type { Slug } from "../texts/statuses";
import { change } from "./load";
import { useMe } from "./me";
import { href } from "./route";
import { formatNumber, text as common } from "./texts";
import { Action } from "./ui/action";
import { Copy } from "./ui/copy";
import { List } from "./ui/list";
import { Time } from "./ui/time";
import { View } from "./ui/view";
import { countWaiting, every } from "./waiting";

type Notification = components["schemas"]["Notification"];

const text = translate({
  en: {
    title: "Notifications",
    about: "Failures that somebody has to look at. New ones appear on their own.",
    search: "Kind or message",
    unacknowledged: "Unacknowledged",
    what: "What happened",
    request: "Request",
    when: "When",
    acknowledge: "Acknowledge",
    withdraw: "Not acknowledged",
    action: "Acknowledgement",
    acknowledged: "Acknowledged",
    withdrawn: "Marked as not acknowledged",
    done: "Everything is acknowledged",
    doneAbout: "New failures appear here. Turn the filter off to see earlier notifications.",
    times: (count: string) => `${count} times`,
    meaning: (kind: string) => `What ${kind} means`,
    audit: "Audit events",
  },
  es: {
    title: "Notificaciones",
    about: "Fallos que alguien tiene que revisar. Los nuevos aparecen solos.",
    search: "Tipo o mensaje",
    unacknowledged: "Sin confirmar",
    what: "Qué ha pasado",
    request: "Solicitud",
    when: "Cuándo",
    acknowledge: "Confirmar",
    withdraw: "Quitar confirmación",
    action: "Confirmación",
    acknowledged: "Confirmada",
    withdrawn: "Marcada como no confirmada",
    done: "Todo está confirmado",
    doneAbout: "Los fallos nuevos aparecen aquí. Desactiva el filtro para ver las notificaciones anteriores.",
    times: (count: string) => `${count} veces`,
    meaning: (kind: string) => `Qué significa ${kind}`,
    audit: "Eventos de auditoría",
  },
});

/** The kinds that are status slugs too, which have a page. */
const slugs: Slug[] = ["application-crash", "mandrill-email-failed"];

/** What failed, for the operators. */
export function Notifications() {
  const { may } = useMe();
  const [touched] = useState(() => new Set<number>()); // they stay where they are until the person goes elsewhere

  function acknowledge(row: Notification, acknowledged: boolean, replace: (row: Notification) => void) {
    return change(
      () => planoauth.notificationsUpdate({ id: row.id, acknowledged }),
      (changed) => {
        touched.add(row.id);
        replace(changed);
        countWaiting();
      },
    );
  }

  return (
    <View title={text.title} about={text.about}>
      <List
        label={text.title}
        load={(params, options) => planoauth.notificationsIndex(params, options)}
        search={text.search}
        least={1}
        filters={{ unacknowledged: text.unacknowledged }}
        initially={["unacknowledged"]}
        sorts={[
          { by: "created_at", order: "desc", label: common.newest },
          { by: "created_at", order: "asc", label: common.oldest },
        ]}
        refresh={every}
        keep={(row) => touched.has(row.id)}
        empty={
          <>
            <p class="strong">{text.done}</p>
            <p class="quiet">{text.doneAbout}</p>
          </>
        }
        columns={[
          { label: text.what, kind: "wide", cell: (row) => <What of={row} /> },
          { label: text.request, cell: (row) => <Request id={row.request_id} audit={may("support")} /> },
          { label: text.when, cell: (row) => <Time time={row.created_at} /> },
          {
            label: text.action,
            kind: "end",
            cell: (row, replace) => (
              <Action
                label={row.acknowledged_at ? text.withdraw : text.acknowledge}
                of={row.message ?? String(row.id)}
                run={() => acknowledge(row, !row.acknowledged_at, replace)}
                done={row.acknowledged_at ? text.withdrawn : text.acknowledged}
              />
            ),
          },
        ]}
      />
    </View>
  );
}

function What({ of: { kind = "", message, operation, count = 1, acknowledged_at } }: { of: Notification }) {
  return (
    <div class={acknowledged_at ? "what settled" : "what"}>
      <p lang="en">{message}</p>
      <p class="quiet small row">
        {slugs.includes(kind as Slug) ? (
          <a href={`/statuses/${kind}`} target="_blank" rel="noreferrer" aria-label={text.meaning(kind)}>
            {kind}
          </a>
        ) : (
          <code>{kind}</code>
        )}
        {operation && <code>{operation}</code>}
        {count > 1 && <span class="badge">{text.times(formatNumber(count))}</span>}
        {acknowledged_at && <span class="badge good">{text.acknowledged}</span>}
      </p>
    </div>
  );
}

function Request({ id, audit }: { id: string | undefined; audit: boolean }) {
  if (!id) return <span class="quiet">–</span>;
  return (
    <div class="request-id">
      <Copy value={id} label={text.request} />
      {audit && (
        <a class="small" href={href("audit", { q: id })}>
          {text.audit}
        </a>
      )}
    </div>
  );
}
