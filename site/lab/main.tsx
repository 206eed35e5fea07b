/** The laboratory: twins side by side, what goes on inside of them, and what is left when a part is gone. */
import { useSignalEffect } from "@preact/signals";
import { Frame, mount } from "../shell/frame.js";
import { lab } from "../text/lab.js";
import { Hash, Keep, RunBar, Status } from "./parts/bar.js";
import { Curves } from "./parts/curves.js";
import { Inside } from "./parts/inside.js";
import { LossLandscape } from "./parts/landscape.js";
import { Lesions } from "./parts/lesions.js";
import { OwnPoints } from "./parts/own-points.js";
import { FeatureMaps, PictureChoice } from "./parts/pictures.js";
import { SettingsForm } from "./parts/settings.js";
import { Twins } from "./parts/twins.js";
import "./lab.css";

function Lab() {
  const t = lab.value;
  useSignalEffect(() => {
    document.title = lab.value.documentTitle;
  });
  return (
    <Frame page="lab">
      <h1>{t.title}</h1>
      <p>{t.intro}</p>
      <Status />
      <RunBar />
      <div class="lab-bench">
        <SettingsForm />
        <div class="lab-result">
          <OwnPoints />
          <PictureChoice />
          <Twins />
          <Curves />
        </div>
      </div>
      <Hash />
      <Keep />
      <FeatureMaps />
      <Inside />
      <Lesions />
      <LossLandscape />
    </Frame>
  );
}

mount(() => <Lab />);
