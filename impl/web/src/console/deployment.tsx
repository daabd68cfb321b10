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
    state: "State",
    deployment: "Deployment",
    ofService: { deployed: "Deployed", undeployed: "Undeployed", deployedNow: "Service deployed", undeployedNow: "Service undeployed" },
    ofRoute: { deployed: "Deployed", undeployed: "Undeployed", deployedNow: "Route deployed", undeployedNow: "Route undeployed" },
    serviceUndeployed: "Service undeployed",
    deployService: "Deploy its service first",
    needed: "Needed by the console",
    servicesNeeded: "The console itself needs some services, so it cannot undeploy them. The command planoauth and SQL can.",
    routesNeeded: "The console itself needs some routes, so it cannot undeploy them. The command planoauth and SQL can.",
    search: "Path",
    filters: { undeployed: "Undeployed" },
    none: "No routes",
    undeployService: (slug: string) => `Undeploy the service ${slug}?`,
    undeployServiceWhy: (routes: number) =>
      `${routes === 1 ? "Its route stops" : `Its ${routes} routes stop`} at once for everybody. Until you deploy it again here, calls are refused with`,
    undeployRoute: (path: string) => `Undeploy ${path}?`,
    undeployRouteWhy: "It stops at once for everybody. Until you deploy it again here, calls are refused with",
    undeploy: "Undeploy",
  },
  es: {
    services: "Servicios",
    routes: "Rutas",
    service: "Servicio",
    route: "Ruta",
    state: "Estado",
    deployment: "Despliegue",
    ofService: { deployed: "Desplegado", undeployed: "Retirado", deployedNow: "Servicio desplegado", undeployedNow: "Servicio retirado" },
    ofRoute: { deployed: "Desplegada", undeployed: "Retirada", deployedNow: "Ruta desplegada", undeployedNow: "Ruta retirada" },
    serviceUndeployed: "Servicio retirado",
    deployService: "Despliega antes su servicio",
    needed: "Necesario para la consola",
    servicesNeeded: "La propia consola necesita algunos servicios, así que no puede retirarlos. El comando planoauth y SQL sí pueden.",
    routesNeeded: "La propia consola necesita algunas rutas, así que no puede retirarlas. El comando planoauth y SQL sí pueden.",
    search: "Ruta",
    filters: { undeployed: "Retiradas" },
    none: "No hay rutas",
    undeployService: (slug: string) => `¿Retirar el servicio ${slug}?`,
    undeployServiceWhy: (routes: number) =>
      `${routes === 1 ? "Su ruta se detiene" : `Sus ${routes} rutas se detienen`} al instante para todos. Hasta que vuelvas a desplegarlo aquí, las llamadas se rechazan con`,
    undeployRoute: (path: string) => `¿Retirar ${path}?`,
    undeployRouteWhy: "Se detiene al instante para todos. Hasta que vuelvas a desplegarla aquí, las llamadas se rechazan con",
    undeploy: "Retirar",
  },
});

type Words = typeof text.ofService;

/** The services that no operation undeploys, because nobody could deploy them again with one. */
const needed = ["sessions", "services", "routes", "employees", "applications"];

/** The services. */
export function Services() {
  const { may } = useMe();
  return (
    <View title={text.services} about={may("admin") && text.servicesNeeded}>
      <List<Service>
        label={text.services}
        load={(params, options) => planoauth.servicesIndex({ page: params.page, count: params.count, view: "full" }, options)}
        href={({ slug }) => href("routes", { q: `/api/v1/${slug}/` })}
        columns={[
          { label: text.service, kind: "wide", cell: ({ slug }) => <code>{slug}</code> },
          { label: text.routes, kind: "number", cell: ({ routes }) => formatNumber(routes!) },
          { label: text.state, cell: (service) => <State of={service} words={text.ofService} /> },
          ...(may("admin")
            ? [
                {
                  label: text.deployment,
                  kind: "control" as const,
                  cell: (service: Service, replace: (service: Service) => void) => (
                    <Deployment
                      name={service.slug!}
                      words={text.ofService}
                      deployed={service.deployed!}
                      needed={needed.includes(service.slug!)}
                      title={text.undeployService(service.slug!)}
                      why={text.undeployServiceWhy(service.routes!)}
                      refusal="service-not-found"
                      turn={(deployed) => change(() => planoauth.servicesUpdate({ id: service.id, deployed, view: "full" }), replace)}
                    />
                  ),
                },
              ]
            : []),
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
    <View title={text.routes} about={may("admin") && text.routesNeeded}>
      <List<Route, "undeployed">
        label={text.routes}
        search={text.search}
        least={3}
        filters={text.filters}
        load={(params, options) => planoauth.routesIndex({ page: params.page, count: params.count, search: params.search, filters: params.filters }, options)}
        columns={[
          {
            label: text.route,
            kind: "wide",
            cell: ({ method, path }) => (
              <code>
                <span class="quiet">{method}</span> {path}
              </code>
            ),
          },
          { label: text.state, cell: (route) => <State of={route} words={text.ofRoute} stopped={stopped.includes(route.service!)} /> },
          ...(may("admin")
            ? [
                {
                  label: text.deployment,
                  kind: "control" as const,
                  cell: (route: Route, replace: (route: Route) => void) => (
                    <Deployment
                      name={route.path!}
                      words={text.ofRoute}
                      deployed={route.deployed!}
                      stopped={stopped.includes(route.service!)}
                      needed={needed.includes(route.service!)}
                      title={text.undeployRoute(route.path!)}
                      why={text.undeployRouteWhy}
                      refusal="route-not-found"
                      turn={(deployed) => change(() => planoauth.routesUpdate({ id: route.id, deployed }), replace)}
                    />
                  ),
                },
              ]
            : []),
        ]}
        empty={<p class="strong">{text.none}</p>}
      />
    </View>
  );
}

interface StateProps {
  of: { deployed?: boolean; deployed_at?: string };
  words: Words;
  /** Whether the service of a route is undeployed, so that the route does not answer either. */
  stopped?: boolean;
}

/** Whether a service or a route answers, and since when. */
function State({ of: { deployed, deployed_at }, words, stopped = false }: StateProps) {
  if (!deployed) return <span class="badge problem">{words.undeployed}</span>;
  if (stopped) return <span class="badge problem">{text.serviceUndeployed}</span>;
  return (
    <span class="row close">
      <span class="badge good">{words.deployed}</span>
      <span class="quiet small">
        <Time time={deployed_at} />
      </span>
    </span>
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
  words: Words;
  deployed: boolean;
  /** Whether the service of a route is undeployed. */
  stopped?: boolean;
  /** Whether it cannot be undeployed here. */
  needed: boolean;
  /** The question before it is undeployed, what that does, and the slug that callers get then. */
  title: string;
  why: string;
  refusal: string;
  turn(deployed: boolean): Promise<Answer | null>;
}

/** The switch of a service or a route, or why it has none. */
function Deployment({ name, words, deployed, stopped = false, needed, title, why, refusal, turn }: DeploymentProps) {
  if (needed && deployed) return <span class="quiet small">{text.needed}</span>;
  if (stopped && deployed) {
    return (
      <a class="small" href={href("services")}>
        {text.deployService}
      </a>
    );
  }
  const question = {
    title,
    action: text.undeploy,
    danger: true,
    children: (
      <p>
        {why}{" "}
        <a href={`/statuses/${refusal}`} target="_blank" rel="noreferrer">
          {refusal}
        </a>
        .
      </p>
    ),
  };
  return (
    <Switch
      label={text.deployment}
      of={name}
      bare
      checked={deployed}
      change={turn}
      done={deployed ? words.undeployedNow : words.deployedNow}
      question={(on) => (on ? undefined : question)}
    />
  );
}
