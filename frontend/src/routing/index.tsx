/** The only place that knows the router: screens ask here, so that moving to another router is a change of one file. */
import Head from "next/head";
import NextLink from "next/link";
import Router, { useRouter } from "next/router";
import { type ComponentProps, useMemo } from "react";

export function Link(props: Omit<ComponentProps<typeof NextLink>, "href"> & { href: string }) {
  return <NextLink prefetch={false} {...props} />;
}

export type Route = {
  /** As in the address bar, without the query: `/monitors/7/`. */
  path: string;
  /** The number in `/monitors/7/edit/`; null where there is none. */
  id: number | null;
  query: URLSearchParams;
  /** False during the first moment, when the address is not read yet. */
  ready: boolean;
};

export function useRoute(): Route {
  const router = useRouter();
  const { asPath, isReady } = router;
  const id = typeof router.query.id === "string" && /^\d+$/.test(router.query.id) ? Number(router.query.id) : null;
  return useMemo(() => {
    const [path = "/", query = ""] = asPath.split("#")[0]?.split("?") ?? [];
    return { path, id, query: new URLSearchParams(query), ready: isReady };
  }, [asPath, id, isReady]);
}

/** Open a page of the app. */
export function go(address: string): void {
  void Router.push(address);
}

/** Open an address by loading it anew: another program's page, or ours without anything that is in memory. */
export function leaveTo(address: string): void {
  location.assign(address);
}

let reloading = false;

/** Load this page anew. Screens keep what is typed as a draft, so nobody is warned. */
export function reload(): void {
  reloading = true;
  location.reload();
}

export const isReloading = (): boolean => reloading;

/** Change the address without a new entry in the history: filters, sort, an open panel. */
export function replaceQuery(query: URLSearchParams): void {
  const path = location.pathname;
  const text = query.toString();
  void Router.replace(text ? `${path}?${text}` : path, undefined, { shallow: true, scroll: false });
}

/** The title of the tab. */
export function Title({ children }: { children: string }) {
  return (
    <Head>
      <title key="title">{children}</title>
    </Head>
  );
}

/** Called after each change of page. Returns what ends it. */
export function onPageChange(then: () => void): () => void {
  Router.events.on("routeChangeComplete", then);
  return () => Router.events.off("routeChangeComplete", then);
}
