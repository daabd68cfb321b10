import type { components } from "planoauth";
import { useState } from "preact/hooks";
import { planoauth, type Answer } from "../api";
import { translate } from "../document";
import { withSession } from "../ui/signed-in";
import { Choice } from "./fields";
import { LoadOne } from "./load-one";
import { change, useLoaded } from "./load";
import type { Access } from "./me";
import { NewRecordView, staffOf } from "./new-record";
import { accesses } from "./people/texts";
import { RecordList, StaffView } from "./records";
import { href } from "./route";
import { Action } from "./ui/action";

type Employee = components["schemas"]["Employee"];

const text = translate({
  en: {
    title: "Employees",
    create: "New employee",
    createAction: "Create the employee",
    access: "Access",
    accessAbout: {
      none: "Sees what failed, and nothing else",
      viewer: "Sees everything except the audit",
      support: "Sees everything, helps people, and changes clients, liaisons and companies",
      admin: "Sees and changes everything",
    },
    change: "Change the access",
    changeTitle: "Change the access of an employee",
    changed: "Access changed",
    activeHint: "An employee who is not active can do nothing here and gets no notices",
    deactivate: "Deactivate this employee?",
    deactivateWhy: (email: string) => `From now on, ${email} cannot use the console. You can undo this here.`,
    filters: { inactive: "Inactive", admin: "Admins" },
    none: "No employees yet",
    own: "This is your own record. Another administrator has to change it.",
  },
  es: {
    title: "Empleados",
    create: "Nuevo empleado",
    createAction: "Crear el empleado",
    access: "Acceso",
    accessAbout: {
      none: "Ve lo que falla y nada más",
      viewer: "Ve todo excepto la auditoría",
      support: "Ve todo, ayuda a las personas y cambia clientes, intermediarios y empresas",
      admin: "Ve y cambia todo",
    },
    change: "Cambiar el acceso",
    changeTitle: "Cambiar el acceso de un empleado",
    changed: "Acceso cambiado",
    activeHint: "Un empleado que no está activo no puede hacer nada aquí ni recibe avisos",
    deactivate: "¿Desactivar a este empleado?",
    deactivateWhy: (email: string) => `Desde ahora ${email} no podrá usar la consola. Puedes deshacerlo aquí.`,
    filters: { inactive: "Inactivos", admin: "Administradores" },
    none: "Aún no hay empleados",
    own: "Este es tu propio registro. Tiene que cambiarlo otro administrador.",
  },
});

const back = { href: href("employees"), label: text.title };

/** The employees. */
export function Employees() {
  return (
    <RecordList<Employee, "inactive" | "admin">
      title={text.title}
      section="employees"
      least="admin"
      create={text.create}
      filters={text.filters}
      load={(params, options) => planoauth.employeesIndex(params, options)}
      columns={[{ label: text.access, cell: ({ access }) => accesses[access!] }]}
      none={text.none}
    />
  );
}

/** Makes somebody an employee. */
export function NewEmployee() {
  return (
    <NewRecordView
      title={text.create}
      back={back}
      action={text.createAction}
      section="employees"
      namesOptional
      create={(values) => withSession(() => planoauth.employeesCreate({ ...staffOf(values), access: values.access as Access }))}
    >
      <AccessChoice initially="none" />
    </NewRecordView>
  );
}

/** One employee. */
export function OneEmployee({ id }: { id: number }) {
  const employee = useLoaded((options) => planoauth.employeesRead({ id, view: "full" }, options), [id]);
  return <LoadOne of={employee} back={back}>{(shown) => <EmployeeShown employee={shown} set={employee.set} />}</LoadOne>;
}

function EmployeeShown({ employee, set }: { employee: Employee; set(employee: Employee): void }) {
  const update = (params: { access?: Access; active?: boolean }) => change(() => planoauth.employeesUpdate({ id: employee.id, ...params, view: "full" }), set);
  return (
    <StaffView
      record={employee}
      back={back}
      least="admin"
      own={text.own}
      items={[[text.access, <AccessShown access={employee.access!} />]]}
      actions={<ChangeAccess access={employee.access!} set={(access) => update({ access })} />}
      hint={text.activeHint}
      question={text.deactivate}
      why={text.deactivateWhy(employee.email!)}
      change={(active) => update({ active })}
    />
  );
}

function AccessShown({ access }: { access: Access }) {
  return (
    <>
      {accesses[access]}
      <p class="quiet small">{text.accessAbout[access]}</p>
    </>
  );
}

/** The choice of an access, which says what the chosen one is for. */
function AccessChoice({ initially }: { initially: Access }) {
  const [chosen, setChosen] = useState(initially);
  return (
    <Choice
      name="access"
      label={text.access}
      hint={text.accessAbout[chosen]}
      options={accesses}
      value={chosen}
      onChange={(event) => setChosen(event.currentTarget.value as Access)}
    />
  );
}

function ChangeAccess({ access, set }: { access: Access; set(access: Access): Promise<Answer | null> }) {
  const question = {
    title: text.changeTitle,
    action: text.change,
    children: <AccessChoice initially={access} />,
  };
  return <Action label={text.change} run={(values) => set(values.access as Access)} done={text.changed} question={question} />;
}
