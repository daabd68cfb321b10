import type { components, Outcome } from "planoauth";
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { planoauth, type Answer } from "../api";
import { translate } from "../document";
import { Field, Form } from "../ui/form";
import { withSession } from "../ui/signed-in";
import { Check } from "./fields";
import { go, href } from "./route";
import { optional } from "./texts";
import { Action } from "./ui/action";
import { useAnnounce, View } from "./ui/view";

const text = translate({
  en: {
    email: "E-mail address",
    emailHint: "An account that exists already keeps its name and password",
    firstName: "First name",
    lastName: "Last name",
    invite: "Mail an invitation",
    inviteHint: "The mail has a link to choose a password. If there is an account already, the mail only tells its owner.",
    invited: "Created, and the invitation is on its way",
    created: "Created",
    existing: (email: string) => `${email} had an account already`,
    existingInvited: "The account has the new record now. The person keeps their name, phone number and password, and has been told by mail.",
    existingAlone: "The account has the new record now. The person keeps their name, phone number and password, and has not been told.",
    failed: (email: string) => `The mail to ${email} could not be sent`,
    failedWhy: "The record was created. The mail is tried again for a while. If it does not arrive, check the address and invite the person again. The link in the earlier mail then stops working.",
    again: "Invite again",
    againDone: "The invitation is on its way",
    open: "Show the record",
    find: "Show the record",
    unverified: "A stranger may have made the account. Ask the person to use the link in their mail, then try again.",
    findPerson: "Show the account",
  },
  es: {
    email: "Correo electrónico",
    emailHint: "Una cuenta que ya existe conserva su nombre y su contraseña",
    firstName: "Nombre",
    lastName: "Apellidos",
    invite: "Enviar una invitación por correo",
    inviteHint: "El correo lleva un enlace para elegir una contraseña. Si ya hay una cuenta, el correo solo avisa a su titular.",
    invited: "Creado, y la invitación está en camino",
    created: "Creado",
    existing: (email: string) => `${email} ya tenía una cuenta`,
    existingInvited: "La cuenta tiene ahora el nuevo registro. La persona conserva su nombre, su número de teléfono y su contraseña, y se le ha avisado por correo.",
    existingAlone: "La cuenta tiene ahora el nuevo registro. La persona conserva su nombre, su número de teléfono y su contraseña, y no se le ha avisado.",
    failed: (email: string) => `No se ha podido enviar el correo a ${email}`,
    failedWhy: "El registro está creado. El envío se intentará de nuevo durante un tiempo. Si no llega, comprueba la dirección y vuelve a invitar a la persona: el enlace del correo anterior dejará de servir.",
    again: "Invitar de nuevo",
    againDone: "La invitación está en camino",
    open: "Mostrar el registro",
    find: "Mostrar el registro",
    unverified: "Puede que la cuenta la haya creado un desconocido. Pide a la persona que use el enlace de su correo y vuelve a intentarlo.",
    findPerson: "Mostrar la cuenta",
  },
});

/** A record in the view full. */
interface NewRecord {
  id: number;
  user?: components["schemas"]["User"];
}

interface NewRecordViewProps {
  title: string;
  back: { href: string; label: string };
  action: string;
  /** The section of the console with records of this kind. */
  section: "clients" | "employees" | "liaisons";
  /** The param that the address is. */
  emailParam?: string;
  nameParams?: { first: string; last: string };
  /** Whether the names can be left out. */
  namesOptional?: boolean;
  /** Fields besides the address, the names, and whether to invite. */
  children?: ComponentChildren;
  /** Makes the record. Null means that a field was wrong, and says so. */
  create(values: Record<string, string>): Promise<Outcome | "unreachable" | null>;
}

/** Returns the params of a new employee or liaison, whose names can be left out. */
export function staffOf({ email = "", first_name, last_name, invite }: Record<string, string>) {
  return { email, ...(first_name && { first_name }), ...(last_name && { last_name }), invite: invite === "on", view: "full" as const };
}

/** What came of making a record, where it was not simply made. */
interface Made {
  record: NewRecord;
  email: string;
  how: "existing" | "failed";
  invited: boolean;
}

/** The view that makes a record for a person: a new one, or one who has an account. */
export function NewRecordView(props: NewRecordViewProps) {
  const { title, back, action, section, emailParam = "email", nameParams, namesOptional = false, children, create } = props;
  const announce = useAnnounce();
  const [email, setEmail] = useState("");
  const [made, setMade] = useState<Made>();
  const label = (name: string) => (namesOptional ? optional(name) : name);

  async function send(values: Record<string, string>): Promise<Answer | null> {
    const outcome = await create(values);
    if (outcome === null || outcome === "unreachable" || !("data" in outcome)) return outcome;
    const record = outcome.data as NewRecord;
    const invited = values.invite === "on";
    switch (outcome.status) {
      case "client-created-for-existing-email":
        setMade({ record, email, how: "existing", invited });
        break;
      case "mandrill-email-failed":
        setMade({ record, email, how: "failed", invited });
        break;
      default:
        announce(invited ? text.invited : text.created);
        go(href(`${section}/${record.id}`));
    }
    return null;
  }

  return (
    <View title={title} back={back}>
      <section class="panel narrow">
        {made ? (
          <Outcome {...made} section={section} />
        ) : (
          <Form send={send} action={action} inline remedy={(answer) => <Remedy answer={answer} section={section} email={email} />}>
            <Field
              name="email"
              param={emailParam}
              type="email"
              label={text.email}
              hint={text.emailHint}
              autocomplete="off"
              autoCapitalize="none"
              spellcheck={false}
              value={email}
              onInput={(event) => setEmail(event.currentTarget.value)}
            />
            <div class="fields two">
              <Field name="first_name" param={nameParams?.first ?? "first_name"} label={label(text.firstName)} maxLength={100} autocomplete="off" />
              <Field name="last_name" param={nameParams?.last ?? "last_name"} label={label(text.lastName)} maxLength={100} autocomplete="off" />
            </div>
            {children}
            <Check name="invite" label={text.invite} hint={text.inviteHint} defaultChecked />
          </Form>
        )}
      </section>
    </View>
  );
}

/** Says that a record is made, and what has to be known about it. */
function Outcome({ record, email, how, invited, section }: Made & { section: string }) {
  const notice = useRef<HTMLDivElement>(null);
  useEffect(() => notice.current!.focus(), []);

  async function invite(): Promise<Answer | null> {
    const outcome = await withSession(() => planoauth.peopleInvite({ id: record.user!.id }));
    return outcome !== "unreachable" && outcome.status === "action-successful" ? null : outcome;
  }
  return (
    <div class="stack">
      <div class={`notice ${how === "failed" ? "warning" : "good"}`} role="status" tabIndex={-1} ref={notice}>
        <p>
          <strong>{how === "failed" ? text.failed(email) : text.existing(email)}</strong>
        </p>
        <p>{how === "failed" ? text.failedWhy : invited ? text.existingInvited : text.existingAlone}</p>
      </div>
      <div class="row">
        {how === "failed" && <Action label={text.again} run={invite} done={text.againDone} />}
        <a class="button plain small" href={href(`${section}/${record.id}`)}>
          {text.open}
        </a>
      </div>
    </div>
  );
}

/** Says what to do where somebody cannot be given a record. */
function Remedy({ answer, section, email }: { answer: Answer; section: string; email: string }) {
  if (answer === "unreachable") return null;
  switch (answer.status) {
    case "email-already-client":
    case "email-already-employee":
    case "email-already-liaison":
      return (
        <p>
          <a href={href(section, { q: email })}>{text.find}</a>
        </p>
      );
    case "email-unverified":
      return (
        <p>
          {text.unverified} <a href={href("people", { q: email })}>{text.findPerson}</a>
        </p>
      );
    default:
      return null;
  }
}
