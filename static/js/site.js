// The one script of every page. It only lists the modules, one a behaviour; none imports another.
import "./choice.js";
import "./contents.js";
import "./copy.js";
import "./countdown.js";
import "./dialog.js";
import "./citations.js";
import "./focus-errors.js";
import "./help.js";
import "./local-time.js";
import "./look-again.js";
import "./page-dialog.js";
import "./print.js";
import "./reveal.js";
import "./related-opener.js";
import "./scroll-regions.js";
import "./submit-once.js";
import "./viewer-opener.js";
