import type { components } from "planoauth";
import { planoauth } from "../api";
import { translate } from "../document";
import { withSession } from "../ui/signed-in";
import { LoadOne } from "./load-one";
import { change, useLoaded } from "./load";
import { useMe } from "./me";
import { NewRecordView } from "./new-record";
import { nameOf, NewLink, personColumns, recordSorts, standingColumns, State } from "./record-lists";
import { href } from "./route";
import { text as common } from "./texts";
import { Switch } from "./ui/action";
import { Detail } from "./ui/detail";
import { List } from "./ui/list";
import { Section } from "./ui/section";
import { Time } from "./ui/time";
import { View } from "./ui/view";

type Liaison = components["schemas"]["Liaison"];

const text = translate({
  en: {
    title: "Liaisons",
    create: "New liaison",
    createAction: "Create the liaison",
    search: "E-mail or name",
    filters: { inactive: "Inactive" },
    none: "No liaisons yet",
    email: "E-mail address",
    name: "Name",
    state: "State",
    record: "Record",
    activeHint: "A liaison who is not active cannot sign in to applications for liaisons.",
    deactivate: "Deactivate this liaison?",
    deactivateWhy: (email: string) => `${email} can do nothing as a liaison any more, at once. You can undo it here.`,
    deactivateAction: "Deactivate",
    own: "This is your own record. Another employee has to change it.",
  },
  es: {
    title: "Intermediarios",
    create: "Nuevo intermediario",
    createAction: "Crear el intermediario",
    search: "Correo o nombre",
    filters: { inactive: "Inactivos" },
    none: "Aún no hay intermediarios",
    email: "Correo electrónico",
    name: "Nombre",
    state: "Estado",
    record: "Registro",
    activeHint: "Un intermediario que no está activo no puede iniciar sesión en las aplicaciones para intermediarios.",
    deactivate: "¿Desactivar a este intermediario?",
    deactivateWhy: (email: string) => `${email} dejará de poder actuar como intermediario desde este momento. Puedes deshacerlo aquí.`,
    deactivateAction: "Desactivar",
    own: "Este es tu propio registro. Tiene que cambiarlo otro empleado.",
  },
});

const back = { href: href("liaisons"), label: text.title };

/** The liaisons. */
export function Liaisons() {
  const { may } = useMe();
  return (
    <View title={text.title} actions={may("support") && <NewLink section="liaisons" label={text.create} />}>
      <List<Liaison, "inactive", "created_at" | "email">
        label={text.title}
        search={text.search}
        filters={text.filters}
        sorts={recordSorts}
        load={(params, options) => planoauth.liaisonsIndex(params, options)}
        href={({ id }) => href(`liaisons/${id}`)}
        columns={[...personColumns<Liaison>(), ...standingColumns<Liaison>()]}
        empty={<p class="strong">{text.none}</p>}
      />
    </View>
  );
}

/** Makes somebody a liaison. */
export function NewLiaison() {
  return (
    <NewRecordView
      title={text.create}
      back={back}
      action={text.createAction}
      section="liaisons"
      namesOptional
      create={({ email = "", first_name, last_name, invite }) =>
        withSession(() =>
          planoauth.liaisonsCreate({ email, ...(first_name && { first_name }), ...(last_name && { last_name }), invite: invite === "on", view: "full" }),
        )
      }
    />
  );
}

/** One liaison. */
export function OneLiaison({ id }: { id: number }) {
  const liaison = useLoaded((options) => planoauth.liaisonsRead({ id, view: "full" }, options), [id]);
  return <LoadOne of={liaison} back={back}>{(shown) => <LiaisonShown liaison={shown} set={liaison.set} />}</LoadOne>;
}

function LiaisonShown({ liaison, set }: { liaison: Liaison; set(liaison: Liaison): void }) {
  const me = useMe();
  const own = liaison.user!.id === me.id;
  const may = me.may("support") && !own;
  const name = nameOf(liaison);

  const turn = (active: boolean) => change(() => planoauth.liaisonsUpdate({ id: liaison.id, active, view: "full" }), set);

  return (
    <View title={name || liaison.email!} back={back}>
      {own && me.may("support") && <p class="notice above">{text.own}</p>}
      <div class="panels two">
        <Section title={common.details}>
          <Detail
            items={[
              [text.name, name],
              [text.email, <a href={href(`people/${liaison.user!.id}`)}>{liaison.email}</a>],
              [text.state, <State active={liaison.active!} />],
              [common.created, <Time time={liaison.created_at} exact />],
            ]}
          />
        </Section>
        {may && (
          <Section title={text.record}>
            <Switch
              label={common.active}
              hint={text.activeHint}
              checked={liaison.active!}
              change={turn}
              done={common.saved}
              question={(on) => (on ? undefined : { title: text.deactivate, children: <p>{text.deactivateWhy(liaison.email!)}</p>, action: text.deactivateAction, danger: true })}
            />
          </Section>
        )}
      </div>
    </View>
  );
}
