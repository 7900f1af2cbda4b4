// Pages of signing in: what was being typed waits, and other tabs are told.
import "./signed-out.js";
