import type { components } from "planoauth";
import { useState } from "preact/hooks";
import { planoauth } from "../../api";
import { translate } from "../../document";
import { statuses } from "../../texts/statuses";
import { deviceName } from "../../ui/device";
import { Modal } from "../../ui/signed-in";
import { text as ui } from "../../ui/texts";
import { href, setQuery, useRoute } from "../route";
import { formatNumber, text as common } from "../texts";
import { Copy } from "../ui/copy";
import { Detail } from "../ui/detail";
import { List, QueryField, type Column } from "../ui/list";
import { Section } from "../ui/section";
import { Time } from "../ui/time";
import { View } from "../ui/view";

type AuditEvent = components["schemas"]["AuditEvent"];

const text = translate({
  en: {
    title: "Audit",
    about: "Who did what. Viewing this list is recorded too.",
    events: "Audit events",
    search: "E-mail address or request id",
    signIns: "Sign-ins",
    refused: "Refused",
    changes: "Changes",
    administration: "Administration",
    operation: "Operation",
    outcome: "Outcome",
    actor: "By",
    subject: "About",
    when: "When",
    times: (count: string) => `${count} times`,
    several: "Several",
    command: "The command",
    nobody: "Nobody signed in",
    deleted: (id: number) => `Deleted person ${id}`,
    application: "Application",
    request: "Request",
    changed: "Changed",
    address: "IP address",
    device: "Device",
    browser: "User agent",
    count: "Requests",
    person: (id: string) => `Person ${id}`,
    without: "Remove this filter",
    show: "Show the events",
    showHint: "What this person did, and what others did for them. Viewing them is recorded too.",
    all: "All, with filters",
    meaning: "What this means",
  },
  es: {
    title: "Auditoría",
    about: "Quién hizo qué. Cada consulta de esta lista también queda registrada.",
    events: "Eventos de auditoría",
    search: "Correo electrónico o id de solicitud",
    signIns: "Accesos",
    refused: "Rechazos",
    changes: "Cambios",
    administration: "Administración",
    operation: "Operación",
    outcome: "Resultado",
    actor: "Por",
    subject: "Sobre",
    when: "Cuándo",
    times: (count: string) => `${count} veces`,
    several: "Varios",
    command: "El comando",
    nobody: "Nadie con sesión",
    deleted: (id: number) => `Persona eliminada ${id}`,
    application: "Aplicación",
    request: "Solicitud",
    changed: "Cambió",
    address: "Dirección IP",
    device: "Dispositivo",
    browser: "Agente de usuario",
    count: "Solicitudes",
    person: (id: string) => `Persona ${id}`,
    without: "Quitar este filtro",
    show: "Mostrar los eventos",
    showHint: "Lo que hizo esta persona y lo que otros hicieron por ella. Cada consulta también queda registrada.",
    all: "Todos, con filtros",
    meaning: "Qué significa",
  },
});

/** All audit events. */
export function Audit() {
  const { query } = useRoute();
  const user = query.get("user") ?? "";
  const operation = query.get("operation") ?? "";
  const status = query.get("status") ?? "";
  const [open, setOpen] = useState<AuditEvent>();
  return (
    <View title={text.title} about={text.about}>
      <List
        label={text.events}
        load={(params, options) =>
          planoauth.auditEventsIndex(
            { ...params, ...(/^\d+$/.test(user) && { user_id: Number(user) }), ...(operation && { operation }), ...(status && { status }), view: "full" },
            options,
          )
        }
        besides={[user, operation, status]}
        search={text.search}
        filters={{ sign_ins: text.signIns, refused: text.refused, changes: text.changes, administration: text.administration }}
        sorts={[
          { by: "created_at", order: "desc", label: common.newest },
          { by: "created_at", order: "asc", label: common.oldest },
        ]}
        controls={
          <>
            <QueryField name="operation" label={text.operation} />
            <QueryField name="status" label={text.outcome} choices={Object.keys(statuses)} />
            {user && (
              <button type="button" class="toggle" aria-pressed="true" title={text.without} onClick={() => setQuery({ user: undefined })}>
                {text.person(user)} <span aria-hidden="true">×</span>
              </button>
            )}
          </>
        }
        open={setOpen}
        columns={columns(true)}
      />
      {open && <Event of={open} close={() => setOpen(undefined)} />}
    </View>
  );
}

/** The latest events of one person, once they are asked for: looking at them is an event itself. */
export function EventsOf({ id }: { id: number }) {
  const [shown, setShown] = useState(false);
  const [open, setOpen] = useState<AuditEvent>();
  return (
    <Section
      title={text.events}
      hint={text.showHint}
      actions={
        shown && (
          <a class="button plain small" href={href("audit", { user: id })}>
            {text.all}
          </a>
        )
      }
    >
      {shown ? (
        <List
          label={text.events}
          besides={[id]}
          load={(params, options) => planoauth.auditEventsIndex({ ...params, user_id: id, view: "full" }, options)}
          open={setOpen}
          columns={columns(false)}
        />
      ) : (
        <button type="button" class="button plain small" onClick={() => setShown(true)}>
          {text.show}
        </button>
      )}
      {open && <Event of={open} close={() => setOpen(undefined)} />}
    </Section>
  );
}

/** The columns of events; whom they were about stands there where that differs. */
function columns(subjects: boolean): Column<AuditEvent>[] {
  return [
    {
      label: text.operation,
      cell: (row) => (
        <span class="operation">
          {row.operation}
          {(row.count ?? 1) > 1 && <span class="badge">{text.times(formatNumber(row.count!))}</span>}
        </span>
      ),
    },
    { label: text.outcome, cell: (row) => <Status of={row} /> },
    { label: text.actor, cell: (row) => <Actor of={row} /> },
    ...(subjects ? [{ label: text.subject, cell: (row: AuditEvent) => <Subject of={row} /> }] : []),
    { label: text.when, cell: (row) => <Time time={row.created_at} /> },
  ];
}

function Status({ of: { status } }: { of: AuditEvent }) {
  if (!status) return <span class="badge">{text.several}</span>;
  return <span class={status === "action-successful" ? "quiet" : "badge warning"}>{status}</span>;
}

function Actor({ of: { actor } }: { of: AuditEvent }) {
  if (!actor) return <span class="quiet">{text.nobody}</span>;
  if (actor.command) return <>{text.command}</>;
  return <>{actor.email ?? actor.application ?? (actor.id && text.deleted(actor.id))}</>;
}

function Subject({ of: { subject } }: { of: AuditEvent }) {
  if (!subject) return <span class="quiet">–</span>;
  return <>{subject.email ?? text.deleted(subject.id)}</>;
}

/** All that is known of an event. */
function Event({ of, close }: { of: AuditEvent; close(): void }) {
  const person = (user: { id?: number; email?: string } | undefined, shown: preact.ComponentChildren) =>
    user?.id && user.email ? (
      <a href={href(`people/${user.id}`)} onClick={close}>
        {shown}
      </a>
    ) : (
      shown
    );
  return (
    <Modal title={of.operation ?? text.events} onClose={close}>
      <Detail
        items={[
          [text.when, <Time time={of.created_at} exact />],
          [
            text.outcome,
            <span class="row close">
              <Status of={of} />
              {of.status && (
                <a href={`/statuses/${of.status}`} target="_blank" rel="noreferrer">
                  {text.meaning}
                </a>
              )}
            </span>,
          ],
          [text.count, (of.count ?? 1) > 1 ? formatNumber(of.count!) : undefined],
          [text.actor, person(of.actor, <Actor of={of} />)],
          [text.subject, person(of.subject, <Subject of={of} />)],
          [text.application, of.application],
          [text.changed, of.changed?.length ? of.changed.join(", ") : undefined],
          [text.request, of.request_id && <Copy value={of.request_id} label={text.request} />],
          [text.address, of.ip],
          [text.device, of.user_agent && deviceName(of.user_agent)],
          [text.browser, of.user_agent && <code>{of.user_agent}</code>],
        ]}
      />
      <div class="row">
        <button type="button" class="button plain" onClick={close}>
          {ui.close}
        </button>
      </div>
    </Modal>
  );
}
