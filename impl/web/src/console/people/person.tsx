import type { components } from "planoauth";
import { planoauth } from "../../api";
import { translate } from "../../document";
import { download } from "../../ui/download";
import { Field } from "../../ui/form";
import { change, Load, useLoaded, type Loaded } from "../load";
import { useMe } from "../me";
import { State } from "../records";
import { go, href } from "../route";
import { text as common } from "../texts";
import { Action, Switch } from "../ui/action";
import { Copy } from "../ui/copy";
import { Detail } from "../ui/detail";
import { Section } from "../ui/section";
import { Time } from "../ui/time";
import { View } from "../ui/view";
import { EventsOf } from "../audit/events";
import { Explain } from "./explain";
import { Sessions } from "./sessions";
import { accesses, kinds, nameOf, text as people } from "./texts";

type Person = components["schemas"]["Person"];

const text = translate({
  en: {
    data: "Data",
    verified: "Verified",
    firstName: "First name",
    lastName: "Last name",
    phone: "Phone",
    phoneHint: "With its country code. Leave it empty to remove the number.",
    password: "Password",
    set: "Set",
    notSet: "Not set",
    google: "Google",
    linked: "Linked",
    notLinked: "Not linked",
    remember: "Stay signed in",
    lastSignIn: "Last sign-in",
    id: "Id",
    editTitle: "Edit the data",
    address: "Change the address",
    addressTitle: "Change the e-mail address",
    addressAbout: (email: string) => `A link goes to the new address, and a notice to ${email}. Nothing changes until the link is used, within 24 hours. Then all sessions end.`,
    newAddress: "New address",
    send: "Send the link",
    addressSent: "The link is on its way",
    recordsNone: "This person has no record. They can sign in, and use nothing but their own account.",
    signIn: "Signing in",
    suspend: "Suspended",
    suspendHint: "A suspended person is signed out everywhere and cannot sign in.",
    suspendTitle: (name: string) => `Suspend ${name}?`,
    suspendAbout: "All their sessions end at once, and they cannot sign in until you lift the suspension.",
    suspendAction: "Suspend",
    suspendDone: "Suspended",
    unsuspendDone: "No longer suspended",
    invite: "Send a new invitation",
    inviteHint: "The mail has a link to set a password. Earlier invitations stop working.",
    inviteTitle: "Send a new invitation",
    inviteAbout: (email: string) => `It goes to ${email}. Earlier invitations stop working.`,
    inviteDone: "The invitation is on its way",
    protection: "Data protection",
    export: "Download everything that is stored",
    exportDone: "The file is in your downloads",
    delete: "Delete this person",
    deleteTitle: (name: string) => `Delete ${name}?`,
    deleteAbout: "The person, their records, sessions and mails go at once and for good. Audit events keep the bare id.",
    deleteConfirm: (email: string) => `Type ${email} to go on`,
    deleteAction: "Delete for good",
    deleteDone: "Deleted",
    oneself: "This is you.",
    own: "Your own address, export and deletion are on your account page.",
    account: "Open your account",
  },
  es: {
    data: "Datos",
    verified: "Verificada",
    firstName: "Nombre",
    lastName: "Apellidos",
    phone: "Teléfono",
    phoneHint: "Con el prefijo del país. Déjalo vacío para quitar el número.",
    password: "Contraseña",
    set: "Establecida",
    notSet: "Sin establecer",
    google: "Google",
    linked: "Vinculada",
    notLinked: "Sin vincular",
    remember: "Mantener la sesión",
    lastSignIn: "Último acceso",
    id: "Id",
    editTitle: "Editar los datos",
    address: "Cambiar la dirección",
    addressTitle: "Cambiar el correo electrónico",
    addressAbout: (email: string) => `Se envía un enlace a la dirección nueva y un aviso a ${email}. Nada cambia hasta que se use el enlace, en un plazo de 24 horas. Entonces terminan todas las sesiones.`,
    newAddress: "Dirección nueva",
    send: "Enviar el enlace",
    addressSent: "El enlace está en camino",
    recordsNone: "Esta persona no tiene ningún registro. Puede iniciar sesión, pero solo usar su propia cuenta.",
    signIn: "Acceso",
    suspend: "Suspendida",
    suspendHint: "Quien está suspendido pierde todas sus sesiones y no puede iniciar otra.",
    suspendTitle: (name: string) => `¿Suspender a ${name}?`,
    suspendAbout: "Todas sus sesiones terminan ahora mismo, y no podrá iniciar otra hasta que lo deshagas.",
    suspendAction: "Suspender",
    suspendDone: "Suspendida",
    unsuspendDone: "Ya no está suspendida",
    invite: "Enviar otra invitación",
    inviteHint: "Con ella la persona elige su contraseña. Las invitaciones anteriores dejan de funcionar.",
    inviteTitle: "Enviar otra invitación",
    inviteAbout: (email: string) => `Se envía a ${email}. Las invitaciones anteriores dejan de funcionar.`,
    inviteDone: "La invitación está en camino",
    protection: "Protección de datos",
    export: "Descargar todo lo que se guarda",
    exportDone: "El archivo está en tus descargas",
    delete: "Eliminar a esta persona",
    deleteTitle: (name: string) => `¿Eliminar a ${name}?`,
    deleteAbout: "La persona, sus registros, sesiones y correos se eliminan ahora mismo y para siempre. Los eventos de auditoría conservan solo el id.",
    deleteConfirm: (email: string) => `Escribe ${email} para continuar`,
    deleteAction: "Eliminar para siempre",
    deleteDone: "Eliminada",
    oneself: "Eres tú.",
    own: "Tu propia dirección, tu exportación y tu eliminación están en la página de tu cuenta.",
    account: "Abrir tu cuenta",
  },
});

/** One person, and what the employee may do for them. */
export function One({ id }: { id: number }) {
  const me = useMe();
  const person = useLoaded((options) => planoauth.peopleRead({ id, view: "full" }, options), [id]);
  return (
    <View
      title={person.data ? nameOf(person.data) : people.person}
      back={{ href: href("people"), label: people.people }}
      about={person.data && <About of={person.data} oneself={id === me.id} />}
    >
      <Load of={person}>
        {(shown) => (
          <div class="panels two">
            <div class="column">
              <Data of={shown} loaded={person} />
              <Records of={shown} />
              <Sessions person={shown} changed={person.reload} />
              {me.may("support") && <EventsOf id={id} />}
            </div>
            <div class="column">
              {me.may("support") && <SigningIn of={shown} loaded={person} />}
              <Explain person={shown} />
              {me.may("admin") && <Protection of={shown} />}
            </div>
          </div>
        )}
      </Load>
    </View>
  );
}

function About({ of, oneself }: { of: Person; oneself: boolean }) {
  return (
    <p class="row">
      {nameOf(of) !== of.email && <span>{of.email}</span>}
      {of.suspended && <span class="badge problem">{people.suspended}</span>}
      {oneself && <span>{text.oneself}</span>}
    </p>
  );
}

function Data({ of, loaded }: { of: Person; loaded: Loaded<Person> }) {
  const me = useMe();
  const edit = (
    <Action
      label={common.edit}
      of={text.data}
      done={common.saved}
      run={({ first_name, last_name, phone }) => change(() => planoauth.peopleUpdate({ id: of.id, ...changed(of, { first_name, last_name, phone }), view: "full" }), loaded.set)}
      question={{
        title: text.editTitle,
        action: common.save,
        children: (
          <>
            <Field name="first_name" label={text.firstName} defaultValue={of.first_name ?? ""} autocomplete="off" />
            <Field name="last_name" label={text.lastName} defaultValue={of.last_name ?? ""} autocomplete="off" />
            <Field name="phone" type="tel" label={text.phone} hint={text.phoneHint} defaultValue={of.phone ?? ""} autocomplete="off" />
          </>
        ),
      }}
    />
  );
  const address = (
    <Action
      label={text.address}
      done={text.addressSent}
      run={({ email = "" }) => change(() => planoauth.peopleEmailUpdate({ id: of.id, email }))}
      question={{
        title: text.addressTitle,
        action: text.send,
        children: (
          <>
            <p>{text.addressAbout(of.email!)}</p>
            <Field name="email" type="email" label={text.newAddress} autocomplete="off" autoCapitalize="none" spellcheck={false} />
          </>
        ),
      }}
    />
  );
  return (
    <Section title={text.data} actions={me.may("support") && [edit, me.may("admin") && of.id !== me.id && address]}>
      <Detail
        items={[
          [people.email, <Address of={of} />],
          [text.firstName, of.first_name ?? null],
          [text.lastName, of.last_name ?? null],
          [text.phone, of.phone ?? null],
          [text.password, of.has_password ? text.set : text.notSet],
          [text.google, of.google_linked ? text.linked : text.notLinked],
          [text.remember, of.remember_me ? common.yes : common.no],
          [people.suspended, me.may("support") ? undefined : of.suspended ? common.yes : common.no],
          [text.lastSignIn, <Time time={of.last_sign_in_at} />],
          [common.created, <Time time={of.created_at} exact />],
          [text.id, <Copy value={String(of.id)} label={text.id} />],
        ]}
      />
    </Section>
  );
}

/** Returns the values that differ, so that nothing else counts as changed. */
function changed(of: Person, values: { first_name?: string | undefined; last_name?: string | undefined; phone?: string | undefined }) {
  return Object.fromEntries(Object.entries(values).filter(([name, value]) => value !== undefined && value !== (of[name as keyof Person] ?? "")));
}

function Address({ of }: { of: Person }) {
  return (
    <span class="row close">
      <span>{of.email}</span>
      {of.email_verified ? <span class="badge good">{text.verified}</span> : <span class="badge warning">{people.unverified}</span>}
    </span>
  );
}

function Records({ of: { client, employee, liaison } }: { of: Person }) {
  const records = [
    client && { kind: "client" as const, path: `clients/${client.id}`, active: client.active, about: client.company_name },
    employee && { kind: "employee" as const, path: `employees/${employee.id}`, active: employee.active, about: employee.access && accesses[employee.access] },
    liaison && { kind: "liaison" as const, path: `liaisons/${liaison.id}`, active: liaison.active, about: undefined },
  ].filter((record) => record !== undefined);
  return (
    <Section title={people.records}>
      {records.length === 0 && <p class="quiet">{text.recordsNone}</p>}
      {records.length > 0 && (
        <ul class="record-list">
          {records.map(({ kind, path, active, about }) => (
            <li key={kind}>
              <a href={href(path)}>{kinds[kind]}</a>
              {about && <span class="quiet">{about}</span>}
              <State active={active!} />
            </li>
          ))}
        </ul>
      )}
    </Section>
  );
}

function SigningIn({ of, loaded }: { of: Person; loaded: Loaded<Person> }) {
  return (
    <Section title={text.signIn}>
      <Switch
        label={text.suspend}
        hint={text.suspendHint}
        checked={of.suspended === true}
        done={of.suspended ? text.unsuspendDone : text.suspendDone}
        change={(suspended) => change(() => planoauth.peopleUpdate({ id: of.id, suspended, view: "full" }), loaded.set)}
        question={(on) => (on ? { title: text.suspendTitle(nameOf(of)), children: <p>{text.suspendAbout}</p>, action: text.suspendAction, danger: true } : undefined)}
      />
      {!of.has_password && (
        <div class="stack tight">
          <p class="quiet small">{text.inviteHint}</p>
          <div class="row">
            <Action
              label={text.invite}
              done={text.inviteDone}
              run={() => change(() => planoauth.peopleInvite({ id: of.id }))}
              question={{ title: text.inviteTitle, children: <p>{text.inviteAbout(of.email!)}</p>, action: text.invite }}
            />
          </div>
        </div>
      )}
    </Section>
  );
}

function Protection({ of }: { of: Person }) {
  const me = useMe();
  if (of.id === me.id) {
    return (
      <Section title={text.protection}>
        <p>{text.own}</p>
        <a class="button plain small" href="/account">
          {text.account}
        </a>
      </Section>
    );
  }
  return (
    <Section title={text.protection}>
      <div class="row">
        <Action label={text.export} done={text.exportDone} run={() => change(() => planoauth.peopleExport({ id: of.id }), (data) => download(`planoauth-person-${of.id}.json`, data))} />
        <Action
          label={text.delete}
          danger
          done={text.deleteDone}
          run={({ email = "" }) => change(() => planoauth.peopleDelete({ id: of.id, email }), () => go(href("people")))}
          question={{
            title: text.deleteTitle(nameOf(of)),
            action: text.deleteAction,
            danger: true,
            children: (
              <>
                <p>{text.deleteAbout}</p>
                <Field name="email" type="email" label={text.deleteConfirm(of.email!)} autocomplete="off" autoCapitalize="none" spellcheck={false} />
              </>
            ),
          }}
        />
      </div>
    </Section>
  );
}
