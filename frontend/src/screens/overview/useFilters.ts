import { useEffect, useState } from "react";
import { replaceQuery, useRoute } from "@/routing";
import { type Filters, readFilters, writeFilters } from "./rows";

const WRITE_AFTER_MS = 250;

/** What is shown is in the address, so that it can be sent to somebody. It follows a moment after the typing. */
export function useFilters() {
  const { query } = useRoute();
  const written = query.toString();
  const [filters, setFilters] = useState<Filters>(() => readFilters(query));
  const [last, setLast] = useState(written);
  if (written !== last) {
    setLast(written);
    // Somebody went back, or followed a link: the address leads.
    if (written !== writeFilters(filters).toString()) setFilters(readFilters(query));
  }
  useEffect(() => {
    const text = writeFilters(filters).toString();
    if (text === location.search.slice(1)) return;
    const timer = setTimeout(() => replaceQuery(writeFilters(filters)), WRITE_AFTER_MS);
    return () => clearTimeout(timer);
  }, [filters]);
  return { filters, setFilters };
}
