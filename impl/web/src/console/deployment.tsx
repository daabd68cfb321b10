import type { components } from "planoauth";
import { useEffect, useState } from "preact/hooks";
import { planoauth, type Answer } from "../api";
import { translate } from "../document";
import { withSession } from "../ui/signed-in";
import { change } from "./load";
import { useMe } from "./me";
import { href } from "./route";
import { formatNumber } from "./texts";
import { Switch } from "./ui/action";
import { List } from "./ui/list";
import { Time } from "./ui/time";
import { View } from "./ui/view";

type Service = components["schemas"]["Service"];
type Route = components["schemas"]["ServiceRoute"];

const text = translate({
  en: {
    services: "Services",
    routes: "Routes",
    service: "Service",
    route: "Route",
    count: "Routes",
    since: "Since",
    state: "State",
    deployed: "Deployed",
    undeployed: "Undeployed",
    serviceUndeployed: "Its service is undeployed",
    needed: "Administration needs it",
    neededWhy: "What administration itself needs has no switch, because nobody could bring it back here. The command planoauth and SQL can undeploy that too.",
    search: "Path",
    filters: { undeployed: "Undeployed" },
    allDeployed: "No routes",
    undeployService: (slug: string) => `Undeploy the service ${slug}?`,
    undeployServiceWhy: (routes: number) => `Its ${routes} routes stop at once, for everybody. Callers get:`,
    undeployRoute: (path: string) => `Undeploy ${path}?`,
    undeployRouteWhy: "It stops at once, for everybody. Callers get:",
    undo: "You can deploy it again here.",
    undeploy: "Undeploy",
    deployedAgain: "It is deployed",
    stopped: "It is undeployed",
  },
  es: {
    services: "Servicios",
    routes: "Rutas",
    service: "Servicio",
    route: "Ruta",
    count: "Rutas",
    since: "Desde",
    state: "Estado",
    deployed: "Desplegado",
    undeployed: "Retirado",
    serviceUndeployed: "Su servicio está retirado",
    needed: "La administración lo necesita",
    neededWhy: "Lo que necesita la propia administración no tiene interruptor, porque nadie podría recuperarlo aquí. El comando planoauth y SQL también pueden retirarlo.",
    search: "Ruta",
    filters: { undeployed: "Retiradas" },
    allDeployed: "No hay rutas",
    undeployService: (slug: string) => `¿Retirar el servicio ${slug}?`,
    undeployServiceWhy: (routes: number) => `Sus ${routes} rutas se paran desde este momento, para todos. Quien las llame recibe:`,
    undeployRoute: (path: string) => `¿Retirar ${path}?`,
    undeployRouteWhy: "Se para desde este momento, para todos. Quien la llame recibe:",
    undo: "Puedes volver a desplegarlo aquí.",
    undeploy: "Retirar",
    deployedAgain: "Está desplegado",
    stopped: "Está retirado",
  },
});

/** The services that no operation undeploys, because nobody could deploy them again with one. */
const needed = ["sessions", "services", "routes", "employees", "applications"];

/** The services. */
export function Services() {
  const { may } = useMe();
  return (
    <View title={text.services} about={may("admin") && text.neededWhy}>
      <List<Service>
        label={text.services}
        load={(params, options) => planoauth.servicesIndex({ page: params.page, count: params.count, view: "full" }, options)}
        href={({ slug }) => href("routes", { q: `/api/v1/${slug}/` })}
        columns={[
          { label: text.service, cell: (service) => <Named name={service.slug!} deployed={service.deployed!} /> },
          { label: text.count, kind: "number", cell: ({ routes }) => formatNumber(routes!) },
          { label: text.since, cell: ({ deployed_at }) => <Time time={deployed_at} /> },
          {
            label: text.state,
            kind: "end",
            cell: (service, replace) => (
              <Deployment
                name={service.slug!}
                deployed={service.deployed!}
                needed={needed.includes(service.slug!)}
                may={may("admin")}
                title={text.undeployService(service.slug!)}
                why={text.undeployServiceWhy(service.routes!)}
                refusal="service-not-found"
                turn={(deployed) => change(() => planoauth.servicesUpdate({ id: service.id, deployed, view: "full" }), replace)}
              />
            ),
          },
        ]}
      />
    </View>
  );
}

/** The routes. */
export function Routes() {
  const { may } = useMe();
  const stopped = useUndeployedServices();
  return (
    <View title={text.routes} about={may("admin") && text.neededWhy}>
      <List<Route, "undeployed">
        label={text.routes}
        search={text.search}
        least={3}
        filters={text.filters}
        load={(params, options) => planoauth.routesIndex({ page: params.page, count: params.count, search: params.search, filters: params.filters }, options)}
        columns={[
          { label: text.route, cell: ({ method, path, deployed, service }) => <Named method={method!} name={path!} deployed={deployed!} stopped={stopped.includes(service!)} /> },
          { label: text.since, cell: ({ deployed_at }) => <Time time={deployed_at} /> },
          {
            label: text.state,
            kind: "end",
            cell: (route, replace) => (
              <Deployment
                name={route.path!}
                deployed={route.deployed!}
                needed={needed.includes(route.service!)}
                may={may("admin")}
                title={text.undeployRoute(route.path!)}
                why={text.undeployRouteWhy}
                refusal="route-not-found"
                turn={(deployed) => change(() => planoauth.routesUpdate({ id: route.id, deployed }), replace)}
              />
            ),
          },
        ]}
        empty={<p class="strong">{text.allDeployed}</p>}
      />
    </View>
  );
}

/** A name, and what keeps it from answering. */
function Named({ method, name, deployed, stopped = false }: { method?: string; name: string; deployed: boolean; stopped?: boolean }) {
  return (
    <>
      <code>
        {method && <span class="quiet">{method} </span>}
        {name}
      </code>{" "}
      {!deployed && <span class="badge problem">{text.undeployed}</span>}
      {deployed && stopped && <span class="badge problem">{text.serviceUndeployed}</span>}
    </>
  );
}

/** Returns the slugs of the services that are undeployed: their routes do not answer either. */
function useUndeployedServices(): string[] {
  const [slugs, setSlugs] = useState<string[]>([]);
  useEffect(() => {
    void withSession(() => planoauth.servicesIndex({ page: { size: 100 } })).then((outcome) => {
      if (outcome !== "unreachable" && outcome.status === "action-successful") setSlugs(outcome.data.results.filter(({ deployed }) => !deployed).map(({ slug }) => slug!));
    });
  }, []);
  return slugs;
}

interface DeploymentProps {
  name: string;
  deployed: boolean;
  /** Whether it cannot be undeployed here. */
  needed: boolean;
  /** Whether the employee may turn it. */
  may: boolean;
  /** The question before it is undeployed, what that does, and the slug that callers get then. */
  title: string;
  why: string;
  refusal: string;
  turn(deployed: boolean): Promise<Answer | null>;
}

/** Whether a service or a route answers, with its switch. */
function Deployment({ name, deployed, needed, may, title, why, refusal, turn }: DeploymentProps) {
  const state = <span class="badge good">{text.deployed}</span>;
  if (!may) return deployed ? state : null; // the name says so otherwise
  if (needed && deployed) return <span class="quiet small">{text.needed}</span>;
  const question = {
    title,
    action: text.undeploy,
    danger: true,
    children: (
      <>
        <p>{why}</p>
        <p>
          <a href={`/statuses/${refusal}`} target="_blank" rel="noreferrer">
            {refusal}
          </a>
        </p>
        <p>{text.undo}</p>
      </>
    ),
  };
  return <Switch label={text.deployed} of={name} checked={deployed} change={turn} done={deployed ? text.stopped : text.deployedAgain} question={(on) => (on ? undefined : question)} />;
}
