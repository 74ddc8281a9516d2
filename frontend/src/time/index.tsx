export { serverNow, useNow } from "./clock";
export { tellDay, tellDayAndTime, tellExactly, tellTime, tellTimeWithSeconds, viewersZone } from "./instants";
export { tellInterval, tellSpan } from "./spans";
export { Ago, At, Span } from "./Times";
