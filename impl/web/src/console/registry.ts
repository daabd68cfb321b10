import { translate } from "../document";
import { Applications, NewApplication, OneApplication } from "./applications";
import { Clients, NewClient, OneClient } from "./clients";
import { Companies, NewCompany, OneCompany } from "./companies";
import { Routes, Services } from "./deployment";
import { Employees, NewEmployee, OneEmployee } from "./employees";
import { Liaisons, NewLiaison, OneLiaison } from "./liaisons";
import type { Section } from "./sections";

const text = translate({
  en: {
    clients: "Clients",
    employees: "Employees",
    liaisons: "Liaisons",
    companies: "Companies",
    applications: "Applications",
    services: "Services",
    routes: "Routes",
  },
  es: {
    clients: "Clientes",
    employees: "Empleados",
    liaisons: "Intermediarios",
    companies: "Empresas",
    applications: "Aplicaciones",
    services: "Servicios",
    routes: "Rutas",
  },
});

/** The sections of records, and of what these name. */
export const records: Section[] = [
  { path: "clients", label: text.clients, icon: "clients", access: "viewer", Index: Clients, One: OneClient, New: NewClient },
  { path: "employees", label: text.employees, icon: "employees", access: "viewer", Index: Employees, One: OneEmployee, New: NewEmployee },
  { path: "liaisons", label: text.liaisons, icon: "liaisons", access: "viewer", Index: Liaisons, One: OneLiaison, New: NewLiaison },
  { path: "companies", label: text.companies, icon: "companies", access: "viewer", Index: Companies, One: OneCompany, New: NewCompany },
];

/** The sections of what the system is made of. */
export const system: Section[] = [
  { path: "applications", label: text.applications, icon: "applications", access: "viewer", Index: Applications, One: OneApplication, New: NewApplication },
  { path: "services", label: text.services, icon: "services", access: "viewer", Index: Services },
  { path: "routes", label: text.routes, icon: "routes", access: "viewer", Index: Routes },
];
