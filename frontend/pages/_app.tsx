import "@fontsource-variable/geist/wght.css";
import "@/styles/tokens.css";
import "@/styles/base.css";
import type { AppProps } from "next/app";
import { App } from "@/shell/App";
import type { Page } from "@/shell/page";

export default function SentryPulse({ Component, pageProps }: AppProps & { Component: Page }) {
  return (
    <App open={Component.open ?? false}>
      <Component {...pageProps} />
    </App>
  );
}
