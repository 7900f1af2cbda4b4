// Everything here upgrades pages that already work without it.
import "./copy.js";
import "./dialog.js";
import "./fold.js";
import "./forms.js";
import "./in-place.js";
import "./keys.js";
import "./live.js";
import "./push.js";
import "./tabs.js";
import "./ticks.js";
import "./time.js";
import "./toast.js";
import "./signed-out.js";
