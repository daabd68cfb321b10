import type { components } from "planoauth";
import { planoauth } from "../../api";
import { translate } from "../../document";
import { download } from "../../ui/download";
import { Field } from "../../ui/form";
import { change, useLoaded, type Loaded } from "../load";
import { LoadOne } from "../load-one";
import { useMe } from "../me";
import { State, text as records } from "../records";
import { go, href } from "../route";
import { optional, text as common } from "../texts";
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
    confirmed: "Confirmed",
    unconfirmed: "Not confirmed",
    firstName: "First name",
    lastName: "Last name",
    phone: "Phone number",
    phoneHint: "With its country code",
    password: "Password",
    set: "Set",
    notSet: "Not set",
    google: "Google account",
    linked: "Linked",
    notLinked: "Not linked",
    remember: "Stay signed in",
    lastSignIn: "Last sign-in",
    id: "Id",
    editTitle: "Edit the details",
    address: "Change the e-mail address",
    addressAbout: (email: string) => `A link goes to the new address, and a notice to ${email}. The address changes, and all sessions end, once the link is used. It works for 24 hours.`,
    newAddress: "New e-mail address",
    send: "Send the link",
    addressSent: "The link is on its way",
    recordsNone: "This person has no record. They can use nothing but their own account page.",
    signIn: "Signing in",
    suspend: "Suspended",
    suspendHint: "A suspended person is signed out everywhere and cannot sign in",
    suspendTitle: (name: string) => `Suspend ${name}?`,
    suspendAbout: "All their sessions end at once. They cannot sign in until the suspension is lifted here.",
    suspendAction: "Suspend",
    suspendDone: "Person suspended",
    unsuspendDone: "Person no longer suspended",
    invite: "Send a new invitation",
    inviteHint: "This person has no password. An invitation has a link to choose one. Earlier invitations stop working.",
    inviteTitle: "Send a new invitation",
    inviteAbout: (email: string) => `It goes to ${email}. Earlier invitations stop working.`,
    inviteDone: "The invitation is on its way",
    protection: "Data protection",
    export: "Download everything that is stored",
    exportDone: "The file is in your downloads",
    delete: "Delete this person",
    deleteTitle: (name: string) => `Delete ${name}?`,
    deleteAbout: "The person and their records, sessions and mails are deleted at once and for good. Audit events keep only the id.",
    deleteConfirm: (email: string) => `Type ${email} to go on`,
    deleteAction: "Delete for good",
    deleteDone: "Person deleted",
    oneself: "This is you.",
    guarded: "This person has access to the console. Only an administrator can change their details, sign them out or suspend them.",
    own: "You can change your own address, export your data and delete your account on your account page.",
    account: "Open your account",
  },
  es: {
    confirmed: "Confirmada",
    unconfirmed: "Sin confirmar",
    firstName: "Nombre",
    lastName: "Apellidos",
    phone: "Número de teléfono",
    phoneHint: "Con el prefijo del país",
    password: "Contraseña",
    set: "Establecida",
    notSet: "Sin establecer",
    google: "Cuenta de Google",
    linked: "Vinculada",
    notLinked: "Sin vincular",
    remember: "Mantener la sesión",
    lastSignIn: "Último acceso",
    id: "Id",
    editTitle: "Editar los datos",
    address: "Cambiar el correo electrónico",
    addressAbout: (email: string) => `Se envía un enlace a la dirección nueva y un aviso a ${email}. La dirección cambia y todas las sesiones terminan cuando se use el enlace, que vale 24 horas.`,
    newAddress: "Nuevo correo electrónico",
    send: "Enviar el enlace",
    addressSent: "El enlace está en camino",
    recordsNone: "Esta persona no tiene ningún registro. Solo puede usar la página de su propia cuenta.",
    signIn: "Acceso",
    suspend: "Suspendida",
    suspendHint: "Una persona suspendida pierde todas sus sesiones y no puede iniciar otra",
    suspendTitle: (name: string) => `¿Suspender a ${name}?`,
    suspendAbout: "Todas sus sesiones terminan al instante. No podrá iniciar otra hasta que se levante aquí la suspensión.",
    suspendAction: "Suspender",
    suspendDone: "Persona suspendida",
    unsuspendDone: "La persona ya no está suspendida",
    invite: "Enviar otra invitación",
    inviteHint: "Esta persona no tiene contraseña. Una invitación lleva un enlace para elegirla. Las invitaciones anteriores dejan de funcionar.",
    inviteTitle: "Enviar otra invitación",
    inviteAbout: (email: string) => `Se envía a ${email}. Las invitaciones anteriores dejan de funcionar.`,
    inviteDone: "La invitación está en camino",
    protection: "Protección de datos",
    export: "Descargar todo lo que se guarda",
    exportDone: "El archivo está en tus descargas",
    delete: "Eliminar a esta persona",
    deleteTitle: (name: string) => `¿Eliminar a ${name}?`,
    deleteAbout: "La persona, sus registros, sesiones y correos se eliminan al instante y para siempre. Los eventos de auditoría conservan solo el id.",
    deleteConfirm: (email: string) => `Escribe ${email} para continuar`,
    deleteAction: "Eliminar para siempre",
    deleteDone: "Persona eliminada",
    oneself: "Eres tú.",
    guarded: "Esta persona tiene acceso a la consola. Solo un administrador puede cambiar sus datos, cerrar sus sesiones o suspenderla.",
    own: "En la página de tu cuenta puedes cambiar tu dirección, exportar tus datos y eliminar tu cuenta.",
    account: "Abrir tu cuenta",
  },
});

const back = { href: href("people"), label: people.people };

/** One person, and what the employee may do for them. */
export function One({ id }: { id: number }) {
  const me = useMe();
  const person = useLoaded((options) => planoauth.peopleRead({ id, view: "full" }, options), [id]);
  return (
    <LoadOne of={person} back={back}>
      {(shown) => (
        <View title={nameOf(shown)} back={back} about={<About of={shown} oneself={id === me.id} />}>
          {me.may("support") && !me.mayActOn(shown) && <p class="notice above">{text.guarded}</p>}
          <div class="panels two">
            <div class="column">
              <Data of={shown} loaded={person} />
              <Records of={shown} />
              <Sessions person={shown} changed={person.reload} />
              {me.may("support") && <EventsOf id={id} />}
            </div>
            <div class="column">
              {me.mayActOn(shown) && id !== me.id && <SigningIn of={shown} loaded={person} />}
              <Explain person={shown} />
              {me.may("admin") && <Protection of={shown} />}
            </div>
          </div>
        </View>
      )}
    </LoadOne>
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
      of={common.details}
      done={common.saved}
      run={({ first_name, last_name, phone }) => change(() => planoauth.peopleUpdate({ id: of.id, ...changed(of, { first_name, last_name, phone }), view: "full" }), loaded.set)}
      question={{
        title: text.editTitle,
        action: common.save,
        children: (
          <>
            <Field name="first_name" label={text.firstName} defaultValue={of.first_name ?? ""} autocomplete="off" />
            <Field name="last_name" label={text.lastName} defaultValue={of.last_name ?? ""} autocomplete="off" />
            <Field name="phone" type="tel" label={optional(text.phone)} hint={text.phoneHint} defaultValue={of.phone ?? ""} autocomplete="off" />
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
        title: text.address,
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
    <Section title={common.details} actions={me.mayActOn(of) && [edit, me.may("admin") && of.id !== me.id && address]}>
      <Detail
        items={[
          [records.email, <Address of={of} />],
          [text.firstName, of.first_name ?? null],
          [text.lastName, of.last_name ?? null],
          [text.phone, of.phone ?? null],
          [text.password, of.has_password ? text.set : text.notSet],
          [text.google, of.google_linked ? text.linked : text.notLinked],
          [text.remember, of.remember_me ? common.yes : common.no],
          [people.suspended, me.mayActOn(of) && of.id !== me.id ? undefined : of.suspended ? common.yes : common.no],
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
      {of.email_verified ? <span class="badge good">{text.confirmed}</span> : <span class="badge warning">{text.unconfirmed}</span>}
    </span>
  );
}

function Records({ of: { client, employee, liaison } }: { of: Person }) {
  const found = [
    client && { kind: "client" as const, path: `clients/${client.id}`, active: client.active, about: client.company_name },
    employee && { kind: "employee" as const, path: `employees/${employee.id}`, active: employee.active, about: employee.access && accesses[employee.access] },
    liaison && { kind: "liaison" as const, path: `liaisons/${liaison.id}`, active: liaison.active, about: undefined },
  ].filter((record) => record !== undefined);
  return (
    <Section title={people.records}>
      {found.length === 0 && <p class="quiet">{text.recordsNone}</p>}
      {found.length > 0 && (
        <ul class="record-list">
          {found.map(({ kind, path, active, about }) => (
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
        <div class="row">
          <a class="button plain small" href="/account">
            {text.account}
          </a>
        </div>
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
