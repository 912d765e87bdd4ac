package realdata

// Technion computes the figures of the call log: every row is a call; customer 0 is nobody.
func Technion(calls string) (Figures, error) {
	f := NewFigures()
	err := Table(calls, func(get func(string) string) error {
		f.Rows++
		e := Fact{Type: "call.ended", Customer: get("customer_id")}
		if e.Customer == "0" {
			e.Customer = ""
		}
		f.Add(e)
		return nil
	})
	return f, err
}

// SnowplowWeb takes the (user, page views) pairs from the expected page views of the Snowplow web model, and the rows from the events.
// Every one of these views is dropped, and counted, where the cookie has no grant.
func SnowplowWeb(events, expectedPageViews string) (Figures, error) {
	return views("page.viewed", events, expectedPageViews)
}

// SnowplowMobile does the same for the expected screen views of the mobile model.
func SnowplowMobile(events, expectedScreenViews string) (Figures, error) {
	return views("screen.viewed", events, expectedScreenViews)
}

func views(typ, events, expected string) (Figures, error) {
	f := NewFigures()
	if err := Table(events, func(func(string) string) error { f.Rows++; return nil }); err != nil {
		return f, err
	}
	err := Table(expected, func(get func(string) string) error {
		user := get("user_id")
		f.Pairs[user]++
		f.Add(Fact{Type: typ, Customer: user})
		return nil
	})
	f.Skipped = f.Rows - f.Events[typ]
	return f, err
}
