// Package browser opens pages of the product in a real Chromium: a test clicks, types and presses keys as a person does, asks axe-core for
// barriers, measures boxes and contrast, and keeps screenshots to be looked at.
//
// `scripts/browser fetch` gets Chromium and axe-core; tests that need them skip where they are not, and fail where RCU_TEST_REQUIRE names
// `browser`. Screenshots lie in RCU_SCREENSHOTS, or in the folder that the test keeps for its results.
package browser
