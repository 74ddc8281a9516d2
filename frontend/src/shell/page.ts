import type { NextPage } from "next";

/** A page's own wish. `open`: shown to everybody, signed in or not, without the side bar. */
export type Page = NextPage & { open?: boolean };
