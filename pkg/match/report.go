package match

// LevelReport is what was learned of one level of a comparison.
type LevelReport struct {
	Comparison string  `json:"comparison"`
	Level      string  `json:"level"`
	M          float64 `json:"m"`    // share of the pairs of one person that have this level
	U          float64 `json:"u"`    // share of the pairs of strangers; of levels that hang on the value, the mean
	Bits       float64 `json:"bits"` // the weight, for the mean value
}

// Report is what was learned, level by level, of the comparisons that the file has.
func (m *Model) Report() []LevelReport {
	var out []LevelReport
	for c := range comparisons {
		if m.used[c] == 0 {
			continue
		}
		for l := range levelCount[c] {
			out = append(out, LevelReport{
				Comparison: comparisonNames[c], Level: levelNames[c][l], M: m.Comparisons[c].M[l], U: m.Comparisons[c].U[l], Bits: m.logs.m[c][l] - m.logs.u[c][l],
			})
		}
	}
	return out
}
