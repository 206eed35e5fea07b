// The lesson, as a visitor uses it.
import { checkPage, useSite } from "./page.js";

const site = useSite();
checkPage(site, "index.html", { name: "lesson" });
checkPage(site, "index.html", { name: "lesson", language: "zh" });
