/** The frame of every page: header with the pages and the switches, content, footer. */
import { type ComponentChildren, render } from "preact";
import { shell } from "../text/shell.js";
import { PAGES, type PageId } from "./pages.js";
import { chooseLanguage, chooseTheme, LANGUAGES, type Language, language, type Theme, theme } from "./preferences.js";
import "./tokens.css";
import "./base.css";

interface FrameProps {
  page: PageId;
  /** From this page to the site's root: "./", or "../" for a page in a folder. */
  root?: string;
}

export function Frame({ children, ...props }: FrameProps & { children: ComponentChildren }) {
  return (
    <>
      <FrameTop {...props} />
      <main id="content" tabIndex={-1}>
        {children}
      </main>
      <FrameBottom {...props} />
    </>
  );
}

/** What stands above the content; pages whose content is in their HTML draw top and bottom around it. */
export function FrameTop({ page, root = "./" }: FrameProps) {
  const t = shell.value;
  return (
    <>
      <a class="skip" href="#content">
        {t.skip}
      </a>
      <header class="frame-header">
        <a class="frame-name" href={`${root}index.html`}>
          resnet-wasm
        </a>
        <nav aria-label={t.navigation}>
          {PAGES.map(({ id, path }) => (
            <a key={id} href={`${root}${path}`} aria-current={id === page ? "page" : undefined}>
              {t.pages[id]}
            </a>
          ))}
        </nav>
        <div class="frame-switches">
          <Choice label={t.language} value={language.value} options={LANGUAGES} choose={chooseLanguage} />
          <Choice label={t.theme} value={theme.value} options={t.themes} choose={chooseTheme} />
        </div>
      </header>
    </>
  );
}

export function FrameBottom({ root = "./" }: Pick<FrameProps, "root">) {
  const t = shell.value;
  return (
    <footer class="frame-footer">
      <p>{t.footer}</p>
      <p>
        <a href={`${root}licences.txt`}>{t.licences}</a>
      </p>
    </footer>
  );
}

interface ChoiceProps<Value extends string> {
  label: string;
  value: Value;
  options: Record<Value, string>;
  choose: (value: Value) => void;
}

function Choice<Value extends Language | Theme>({ label, value, options, choose }: ChoiceProps<Value>) {
  return (
    <select aria-label={label} value={value} onChange={(event) => choose(event.currentTarget.value as Value)}>
      {Object.entries<string>(options).map(([id, name]) => (
        <option key={id} value={id} lang={id in LANGUAGES ? id : undefined}>
          {name}
        </option>
      ))}
    </select>
  );
}

/** Draws a page into the document. */
export function mount(Page: () => ComponentChildren): void {
  const place = document.getElementById("page");
  if (!place) throw new Error("mount: the page's HTML has no element with the id page");
  render(<Page />, place);
}
