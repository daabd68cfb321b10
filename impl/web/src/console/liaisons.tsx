import type { components } from "planoauth";
import { planoauth } from "../api";
import { translate } from "../document";
import { withSession } from "../ui/signed-in";
import { LoadOne } from "./load-one";
import { change, useLoaded } from "./load";
import { NewRecordView, staffOf } from "./new-record";
import { RecordList, StaffView } from "./records";
import { href } from "./route";

type Liaison = components["schemas"]["Liaison"];

const text = translate({
  en: {
    title: "Liaisons",
    create: "New liaison",
    createAction: "Create the liaison",
    filters: { inactive: "Inactive" },
    none: "No liaisons yet",
    activeHint: "A liaison who is not active cannot sign in to applications for liaisons",
    deactivate: "Deactivate this liaison?",
    deactivateWhy: (email: string) => `From now on, ${email} can do nothing as a liaison. You can undo this here.`,
    own: "This is your own record. Another employee has to change it.",
  },
  es: {
    title: "Intermediarios",
    create: "Nuevo intermediario",
    createAction: "Crear el intermediario",
    filters: { inactive: "Inactivos" },
    none: "Aún no hay intermediarios",
    activeHint: "Un intermediario que no está activo no puede iniciar sesión en las aplicaciones para intermediarios",
    deactivate: "¿Desactivar a este intermediario?",
    deactivateWhy: (email: string) => `Desde ahora ${email} no podrá hacer nada como intermediario. Puedes deshacerlo aquí.`,
    own: "Este es tu propio registro. Tiene que cambiarlo otro empleado.",
  },
});

const back = { href: href("liaisons"), label: text.title };

/** The liaisons. */
export function Liaisons() {
  return (
    <RecordList<Liaison, "inactive">
      title={text.title}
      section="liaisons"
      least="support"
      create={text.create}
      filters={text.filters}
      load={(params, options) => planoauth.liaisonsIndex(params, options)}
      none={text.none}
    />
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
      create={(values) => withSession(() => planoauth.liaisonsCreate(staffOf(values)))}
    />
  );
}

/** One liaison. */
export function OneLiaison({ id }: { id: number }) {
  const liaison = useLoaded((options) => planoauth.liaisonsRead({ id, view: "full" }, options), [id]);
  return <LoadOne of={liaison} back={back}>{(shown) => <LiaisonShown liaison={shown} set={liaison.set} />}</LoadOne>;
}

function LiaisonShown({ liaison, set }: { liaison: Liaison; set(liaison: Liaison): void }) {
  return (
    <StaffView
      record={liaison}
      back={back}
      least="support"
      own={text.own}
      hint={text.activeHint}
      question={text.deactivate}
      why={text.deactivateWhy(liaison.email!)}
      change={(active) => change(() => planoauth.liaisonsUpdate({ id: liaison.id, active, view: "full" }), set)}
    />
  );
}
