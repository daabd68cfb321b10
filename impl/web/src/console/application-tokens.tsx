import type { components } from "planoauth";
import { useRef, useState } from "preact/hooks";
import { planoauth, type Answer } from "../api";
import { translate } from "../document";
import { errorsOf } from "../ui/refusal";
import { Modal } from "../ui/signed-in";
import type { Application } from "./application-form";
import { change } from "./load";
import { useMe } from "./me";
import { text as common } from "./texts";
import { Action } from "./ui/action";
import { Copy } from "./ui/copy";
import { Section } from "./ui/section";
import { Time } from "./ui/time";

type Token = components["schemas"]["ApplicationToken"];
type NewToken = components["schemas"]["NewApplicationToken"];

const text = translate({
  en: {
    title: "Tokens",
    hint: "Back ends of this application check sessions with a token. Use one for each back end.",
    create: "New token",
    full: "This application has as many tokens as it may have. Delete one that no back end uses, then create the new one.",
    none: "No tokens yet",
    name: (id: number) => `Token ${id}`,
    used: "Last used",
    never: "Never",
    token: "Token",
    actions: "Actions",
    new: "Your new token",
    once: "It is shown only this once. Store it where the back end reads its secrets.",
    stored: "I have stored it",
    remove: "Delete",
    removeTitle: (id: number) => `Delete token ${id}?`,
    removeWhy: "Back ends that use it get invalid-token at once. This cannot be undone.",
    removed: "Token deleted",
  },
  es: {
    title: "Tokens",
    hint: "Los back-ends de esta aplicación comprueban las sesiones con un token. Usa uno para cada back-end.",
    create: "Nuevo token",
    full: "Esta aplicación ya tiene todos los tokens que puede tener. Elimina uno que no use ningún back-end y crea después el nuevo.",
    none: "Aún no hay tokens",
    name: (id: number) => `Token ${id}`,
    used: "Último uso",
    never: "Nunca",
    token: "Token",
    actions: "Acciones",
    new: "Tu nuevo token",
    once: "Solo se muestra esta vez. Guárdalo donde el back-end lee sus secretos.",
    stored: "Lo he guardado",
    remove: "Eliminar",
    removeTitle: (id: number) => `¿Eliminar el token ${id}?`,
    removeWhy: "Los back-ends que lo usan reciben invalid-token al instante. No se puede deshacer.",
    removed: "Token eliminado",
  },
});

/** The tokens of an application. The text of one is shown once, when it is made. */
export function Tokens({ application, set }: { application: Application; set(application: Application): void }) {
  const { may } = useMe();
  const [made, setMade] = useState<NewToken>();
  const [full, setFull] = useState<number>(); // how many tokens there were when one more was refused
  const place = useRef<HTMLDivElement>(null);
  const tokens = application.tokens ?? [];

  async function create() {
    const refused = await change(
      () => planoauth.applicationsTokenCreate({ id: application.id }),
      (token) => {
        setMade(token);
        set({ ...application, tokens: [...tokens, { id: token.id, created_at: token.created_at }] });
      },
    );
    if (!errorsOf(refused).some(({ param, rule }) => param === "id" && rule === "allowed")) return refused;
    return change(
      () => planoauth.applicationsRead({ id: application.id, view: "full" }), // others may have made tokens meanwhile
      (now) => {
        set({ ...application, tokens: now.tokens ?? [] });
        setFull(now.tokens?.length);
      },
    );
  }
  const remove = (token: Token) =>
    change(
      () => planoauth.applicationsTokenDelete({ id: application.id, token_id: token.id, view: "full" }),
      (now) => {
        set({ ...application, tokens: now.tokens ?? [] });
        place.current!.focus(); // the button that had the focus goes with its row
      },
    );

  return (
    <Section title={text.title} hint={text.hint} actions={may("admin") && <Action label={text.create} run={create} />}>
      <div role="status">{full !== undefined && tokens.length >= full && <p class="notice warning">{text.full}</p>}</div>
      <div tabIndex={-1} ref={place}>
        <List tokens={tokens} remove={may("admin") ? remove : undefined} />
      </div>
      {made && <Shown token={made} close={() => setMade(undefined)} />}
    </Section>
  );
}

function List({ tokens, remove }: { tokens: Token[]; remove: ((token: Token) => Promise<Answer | null>) | undefined }) {
  if (tokens.length === 0) return <p class="empty">{text.none}</p>;
  return (
    <table role="table" class="rows" aria-label={text.title}>
      <thead role="rowgroup">
        <tr role="row">
          <th role="columnheader" scope="col">{text.token}</th>
          <th role="columnheader" scope="col">{common.created}</th>
          <th role="columnheader" scope="col">{text.used}</th>
          {remove && (
            <th role="columnheader" scope="col" class="end">
              <span class="visually-hidden">{text.actions}</span>
            </th>
          )}
        </tr>
      </thead>
      <tbody role="rowgroup">
        {tokens.map((token) => (
          <tr role="row" key={token.id}>
            <td role="cell" class="strong">{text.name(token.id)}</td>
            <td role="cell" data-label={common.created}>
              <Time time={token.created_at} exact />
            </td>
            <td role="cell" data-label={text.used}>
              {token.last_used_at ? <Time time={token.last_used_at} /> : <span class="quiet">{text.never}</span>}
            </td>
            {remove && (
              <td role="cell" class="end">
                <Action
                  label={text.remove}
                  of={text.name(token.id)}
                  run={() => remove(token)}
                  done={text.removed}
                  danger
                  question={{ title: text.removeTitle(token.id), children: <p>{text.removeWhy}</p>, action: text.remove, danger: true }}
                />
              </td>
            )}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Shows a new token. Only its button closes it, for what was not stored is lost. */
function Shown({ token, close }: { token: NewToken; close(): void }) {
  return (
    <Modal title={text.new}>
      <p>{text.once}</p>
      <Copy value={token.token} label={text.token} block />
      <div class="row">
        <button type="button" class="button" onClick={close}>
          {text.stored}
        </button>
      </div>
    </Modal>
  );
}
