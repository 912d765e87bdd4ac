package match_test

import "strconv"

func idOf(row int) string { return strconv.Itoa(row + 1) }

func rowOf(id string) int {
	n, _ := strconv.Atoi(id)
	return n - 1
}
