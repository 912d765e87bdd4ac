package main

import (
	"context"
	"errors"

	"golang.org/x/sync/errgroup"
	"google.golang.org/protobuf/proto"

	"rcu/pkg/event"
	"rcu/pkg/lifecycle"
	"rcu/pkg/stream"
	"rcu/pkg/vault"
	"rcu/schemas"
	eventpb "rcu/schemas/event"
	"rcu/services/ingest"
	"rcu/services/ingest/callcentre"
	"rcu/services/ingest/mobile"
	"rcu/services/ingest/store"
	"rcu/services/ingest/web"
	"rcu/services/internal/whole"
	"rcu/services/resolver"
)

// ingestComponents are the ingestors of the four channels.
func ingestComponents() []component {
	list := []struct {
		channel string
		build   func(ingest.Config, ingest.Deps) (*ingest.Service, error)
	}{{"store", store.New}, {"web", web.New}, {"mobile", mobile.New}, {"callcentre", callcentre.New}}
	out := make([]component, 0, len(list))
	for _, x := range list {
		out = append(out, component{
			name: "ingest-" + x.channel, help: "takes in the events of the channel " + x.channel, port: ingest.Ports[x.channel],
			groups: []string{ingest.DefaultJudge().Group}, redis: redisLater,
			build: func(ctx context.Context, d *deps) (lifecycle.Part, error) {
				return buildIngest(ctx, d, x.channel, x.build)
			},
		})
	}
	return out
}

func buildIngest(ctx context.Context, d *deps, channel string, build func(ingest.Config, ingest.Deps) (*ingest.Service, error)) (lifecycle.Part, error) {
	name := "ingest-" + channel
	decoder, err := event.NewDecoder(schemas.Files)
	if err != nil {
		return lifecycle.Part{}, err //nolint:wrapcheck // says all
	}
	producer, err := d.producer()
	if err != nil {
		return lifecycle.Part{}, err
	}
	cfg := d.settings.Ingest.over(ingest.Default(channel))
	cfg.HTTP.Addr = d.settings.listenOn(name, ingest.Ports[channel])
	sealer := vault.NewDaily(d.keys, publishDailyKey(producer))
	state, guarded := d.guard()
	s, err := build(cfg, ingest.Deps{
		Log: d.log.Named(name), Registerer: d.metricsOf(name), Gatherer: d.metrics, SourcesFile: d.sourcesFile(), Decoder: decoder,
		Pseudonyms: d.keys, Sealer: sealer, Producer: producer, Registers: d.cells, Whole: state.Bind, Ready: d.kafka.Ping,
		Waiting: ingest.WaitingOf(d.kafka, resolver.Default().Group), Patterns: d.patterns.of,
	})
	if err != nil {
		return lifecycle.Part{}, err //nolint:wrapcheck // says all
	}
	if err := d.listen(ctx, name, s); err != nil {
		return lifecycle.Part{}, err
	}
	run := s.Run
	if !d.judging { // one in a process, beside the first of its ingestors
		judge, err := buildJudge(d, state, decoder, sealer, producer)
		if err != nil {
			return lifecycle.Part{}, err
		}
		d.judging = true
		run = func(ctx context.Context) error {
			g, ctx := errgroup.WithContext(ctx)
			g.Go(func() error { return s.Run(ctx) })
			g.Go(func() error { return judge.Run(ctx) })
			g.Go(func() error { return d.patterns.follow(ctx, d) })
			return g.Wait() //nolint:wrapcheck // says all
		}
	}
	return lifecycle.Part{Run: guarded(run), Ready: func(context.Context) error { return s.Ready() }, Leave: s.Leave}, nil
}

// buildJudge decides about what ingestors of any channel held while the consent registers could not be read.
func buildJudge(d *deps, state *whole.Guard, decoder *event.Decoder, sealer ingest.Sealer, producer *stream.Producer) (*ingest.Judge, error) {
	return ingest.NewJudge(ingest.DefaultJudge(), ingest.JudgeDeps{ //nolint:wrapcheck // says all
		Log: d.log, Registerer: d.metricsOf("judge"), SourcesFile: d.sourcesFile(), Decoder: decoder, Pseudonyms: d.keys, Keyring: d.keys,
		Contracts: []ingest.Contract{store.Contract(), web.Contract(), mobile.Contract(), callcentre.Contract()},
		Sealer:    sealer, Producer: producer, DeadLetters: stream.NewDeadLetters(producer, "judge"), Registers: d.cells, Whole: state.Bind, Stream: d.kafka,
		Resolver: resolver.Default().Group, Patterns: d.patterns.of,
	})
}

// publishDailyKey stores wrapped daily keys on the first partition of rcu.keys, which every process that opens events reads whole.
func publishDailyKey(p *stream.Producer) func(context.Context, *eventpb.WrappedKey) error {
	return func(ctx context.Context, w *eventpb.WrappedKey) error {
		r, err := stream.Encode(stream.TopicKeys, vault.DailyRecordKey(w.GetId()), proto.CloneOf(w), dayTime(w.GetDay()))
		if err != nil {
			return err //nolint:wrapcheck // says all
		}
		r.Pinned = true
		return p.Publish(ctx, []stream.Record{r}) //nolint:wrapcheck // the vault says what it stores
	}
}

var errNotReady = errors.New("not in its group yet")
