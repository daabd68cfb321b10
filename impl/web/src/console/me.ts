import type { components } from "planoauth";
import { createContext } from "preact";
import { useContext } from "preact/hooks";

type Person = components["schemas"]["Person"];
export type Access = components["schemas"]["Access"];

/** The employee who uses the console. */
export interface Me {
  id: number;
  email: string;
  access: Access;
}

export const MeContext = createContext<Me>({ id: 0, email: "", access: "none" });

const order: Access[] = ["none", "viewer", "support", "admin"];

/** Reports whether an access includes another one. */
export function includes(access: Access, least: Access): boolean {
  return order.indexOf(access) >= order.indexOf(least);
}

/** Returns the employee, and what they may do. Only administrators may act on others who have access. */
export function useMe() {
  const me = useContext(MeContext);
  const may = (least: Access) => includes(me.access, least);
  const guarded = ({ id, employee }: Person) => id !== me.id && (employee?.access ?? "none") !== "none";
  return { ...me, may, mayActOn: (person: Person) => may(guarded(person) ? "admin" : "support") };
}
