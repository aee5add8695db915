(* When the regularizer is large far out: no term can become small without another becoming large. *)

From Coq Require Import Reals List Arith Lra Lia Classical.
From Synbal Require Import balancing_problem convexity box_solution.
Import ListNotations.
Open Scope R_scope.

(* The points at which the regularizer is at most `level`. *)
Definition below (P : problem) (level : R) (x : nat -> R) : Prop := potential P x /\ total P x <= level.

Definition coercive (P : problem) : Prop :=
  forall level e, In e (terms P) -> 0 < cost e -> exists K, forall x, below P level x -> - K <= slope x e.

(** Bounds that hold for each member of a list hold for all at once. *)

Lemma uniform_bound : forall {T} (l : list T) (Q : T -> R -> Prop),
  (forall e a b, Q e a -> a <= b -> Q e b) -> (forall e, In e l -> exists K, Q e K) ->
  exists K, 0 <= K /\ forall e, In e l -> Q e K.
Proof.
  intros T l Q Hup. induction l as [|e l IH]; intros H.
  - exists 0. split; [lra|]. intros e [].
  - destruct IH as (K & HK & HQ); [auto with datatypes|].
    destruct (H e) as (K' & HK'); [auto with datatypes|].
    exists (Rmax K K'). split; [apply Rle_trans with K; [exact HK|apply Rmax_l]|].
    intros f [<-|Hf]; [apply Hup with K'; [exact HK'|apply Rmax_r]|].
    apply Hup with K; [auto|apply Rmax_l].
Qed.

Lemma slopes_bounded_above : forall P level,
  well_formed P -> exists K, 0 <= K /\
    forall e, In e (terms P) -> forall x, below P level x -> 0 < cost e -> slope x e <= K.
Proof.
  intros P level Hwf.
  apply (uniform_bound (terms P) (fun e K => forall x, below P level x -> 0 < cost e -> slope x e <= K)).
  - intros e a b H Hab x Hx Hc. specialize (H x Hx Hc). lra.
  - intros e Hin. exists (ln (Rmax level 1 / cost e)). intros x [_ Hx] Hc.
    assert (term_at x e <= total P x).
    { apply sum_over_member; [|exact Hin]. intros d Hd. apply term_at_nonneg, Hwf, Hd. }
    assert (Hm := Rmax_l level 1). assert (Hm1 := Rmax_r level 1).
    assert (exp (slope x e) <= Rmax level 1 / cost e) as Hle.
    { apply Rmult_le_reg_l with (cost e); [exact Hc|]. unfold term_at in *.
      replace (cost e * (Rmax level 1 / cost e)) with (Rmax level 1) by (field; lra). lra. }
    rewrite <- (ln_exp (slope x e)). apply log_le; [apply exp_pos| |exact Hle].
    apply Rdiv_lt_0_compat; lra.
Qed.

(** Circulations *)

(* A flow for each term, positive exactly where the cost is, that is conserved at every hidden unit. The rule `attained` of the kernel
   asks for at least 1 on each; a positive one can be multiplied until it is that. *)
Definition circulation (P : problem) (flow : list (term * R)) : Prop :=
  map fst flow = terms P /\
  (forall e y, In (e, y) flow -> (0 < cost e -> 0 < y) /\ (cost e = 0 -> y = 0)) /\
  forall i, In i (hidden P) ->
    sum_over flow (fun f => if enters i (fst f) then target_exponent (fst f) * snd f else 0)
    = sum_over flow (fun f => if leaves i (fst f) then source_exponent (fst f) * snd f else 0).

(* A circulation is a problem that is balanced as it stands. *)
Definition with_cost (f : term * R) : term :=
  Term (source (fst f)) (target (fst f)) (snd f) (source_exponent (fst f)) (target_exponent (fst f)).

Lemma flow_nonneg : forall P flow e y,
  well_formed P -> circulation P flow -> In (e, y) flow -> 0 <= y.
Proof.
  intros P flow e y [_ Hw] (Hm & Hy & _) Hin.
  assert (In e (terms P)) as He by (rewrite <- Hm; apply (in_map fst _ _ Hin)).
  destruct (Hw e He) as ([Hc|Hc] & _); destruct (Hy e y Hin) as [H1 H2]; [left; auto|right; symmetry; auto].
Qed.

Lemma circulation_orthogonal : forall P flow x,
  well_formed P -> circulation P flow -> potential P x ->
  sum_over flow (fun f => snd f * slope x (fst f)) = 0.
Proof.
  intros P flow x Hwf Hc Hx.
  pose (Q := Problem (hidden P) (map with_cost flow)).
  assert (well_formed Q) as HQ.
  { split; [apply Hwf|]. intros e Hin. simpl in Hin. apply in_map_iff in Hin.
    destruct Hin as ([d y] & <- & Hd).
    assert (In d (terms P)) as Hd' by (destruct Hc as [<- _]; apply (in_map fst _ _ Hd)).
    destruct (proj2 Hwf d Hd') as (_ & Hs & Ht & Hl).
    repeat split; simpl; auto. apply (flow_nonneg P flow d y); assumption. }
  assert (H := pairing Q (fun _ => 0) x HQ Hx).
  rewrite sum_over_zero in H.
  - unfold Q in H; simpl in H. rewrite sum_over_map in H. rewrite H at 1.
    apply sum_over_ext. intros f _. unfold term_at, slope; simpl.
    rewrite !Rmult_0_r, Rminus_0_r, exp_0. ring.
  - intros i Hi. unfold input, output, Q; simpl. rewrite !sum_over_map.
    destruct Hc as (_ & _ & Hc). specialize (Hc i Hi).
    rewrite (sum_over_ext flow _ (fun f => if enters i (fst f) then target_exponent (fst f) * snd f else 0)).
    rewrite (sum_over_ext flow (fun e => if leaves i (with_cost e) then _ else _)
      (fun f => if leaves i (fst f) then source_exponent (fst f) * snd f else 0)).
    + rewrite Hc. ring.
    + intros f _. unfold leaves, term_at, slope, with_cost; simpl. rewrite !Rmult_0_r, Rminus_0_r, exp_0, Rmult_1_r. reflexivity.
    + intros f _. unfold enters, term_at, slope, with_cost; simpl. rewrite !Rmult_0_r, Rminus_0_r, exp_0, Rmult_1_r. reflexivity.
Qed.

Lemma circulation_coercive : forall P flow, well_formed P -> circulation P flow -> coercive P.
Proof.
  intros P flow Hwf Hc level e Hin Hpos.
  destruct (slopes_bounded_above P level Hwf) as (K & HK & Hup).
  assert (exists y, In (e, y) flow) as (y & Hy).
  { destruct Hc as [Hm _]. rewrite <- Hm in Hin. apply in_map_iff in Hin.
    destruct Hin as ([d y] & Hd & Hf). simpl in Hd. subst d. exists y. exact Hf. }
  assert (0 < y) as Hypos by (destruct Hc as (_ & H & _); apply (H e y Hy); exact Hpos).
  exists (K * sum_over flow snd / y). intros x Hx.
  assert (H := circulation_orthogonal P flow x Hwf Hc (proj1 Hx)).
  assert (y * (K - slope x e) <= sum_over flow (fun f => snd f * (K - slope x (fst f)))) as Hm.
  { apply (sum_over_member flow (fun f => snd f * (K - slope x (fst f))) (e, y)); [|exact Hy].
    intros [d z] Hd. simpl. assert (In d (terms P)) as Hd' by (destruct Hc as [<- _]; apply (in_map fst _ _ Hd)).
    assert (Hz := flow_nonneg P flow d z Hwf Hc Hd).
    destruct Hz as [Hz| <-]; [|lra]. apply Rmult_le_pos; [lra|].
    assert (0 < cost d) as Hcd.
    { destruct (proj2 Hwf d Hd') as ([Hcd|Hcd] & _); [exact Hcd|].
      destruct Hc as (_ & Hc & _). destruct (Hc d z Hd) as [_ H0]. symmetry in Hcd. specialize (H0 Hcd). lra. }
    specialize (Hup d Hd' x Hx Hcd). lra. }
  rewrite (sum_over_ext flow _ (fun f => K * snd f - snd f * slope x (fst f))) in Hm by (intros; ring).
  rewrite sum_over_minus, sum_over_scale, H in Hm.
  assert (- slope x e <= K * sum_over flow snd / y); [|lra].
  apply Rmult_le_reg_l with y; [exact Hypos|].
  replace (y * (K * sum_over flow snd / y)) with (K * sum_over flow snd) by (field; lra). nra.
Qed.

(* The terms of a balanced state are a circulation. *)
Lemma stationary_circulation : forall P x,
  well_formed P -> stationary P x -> circulation P (map (fun e => (e, term_at x e)) (terms P)).
Proof.
  intros P x Hwf [_ Hs]. split; [|split].
  - rewrite map_map. simpl. apply map_id.
  - intros e y Hin. apply in_map_iff in Hin. destruct Hin as (d & Hd & _). injection Hd as -> <-.
    split; intros H; [apply term_at_pos; exact H|unfold term_at; rewrite H; ring].
  - intros i Hi. rewrite !sum_over_map. simpl. exact (Hs i Hi).
Qed.

(** From bounded slopes to bounded potentials, for units that reach the ground *)

Lemma coercive_bounded : forall P level,
  well_formed P -> all_grounded P -> coercive P ->
  exists K, 0 <= K /\ forall i x, below P level x -> - K <= x i <= K.
Proof.
  intros P level Hwf Hg Hc.
  destruct (slopes_bounded_above P level Hwf) as (U & HU & Hup).
  assert (forall i, grounded P i -> exists K, forall x, below P level x -> - K <= x i <= K) as Hone.
  { intros i Hi. induction Hi as [i Hi|i j Hj _ IH].
    - exists 0. intros x [Hx _]. rewrite (Hx i Hi). lra.
    - destruct IH as (K & HK). destruct Hj as (e & Hin & Hpos & Hends).
      destruct (Hc level e Hin Hpos) as (L & HL).
      destruct (proj2 Hwf e Hin) as (_ & Hs & Ht & _).
      destruct Hends as [[Ei Ej]|[Ej Ei]].
      + pose (b := source_exponent e). pose (a := target_exponent e).
        exists ((Rmax U L + a * K) / b). intros x Hx. specialize (HK x Hx). specialize (HL x Hx).
        specialize (Hup e Hin x Hx Hpos). unfold slope in *. rewrite Ei, Ej in *. fold a b in HL, Hup.
        assert (H1 := Rmax_l U L). assert (H2 := Rmax_r U L).
        split; [apply Rmult_le_reg_l with b|apply Rmult_le_reg_l with b]; try exact Hs;
          [replace (b * - ((Rmax U L + a * K) / b)) with (- (Rmax U L + a * K)) by (field; unfold b; lra)
          |replace (b * ((Rmax U L + a * K) / b)) with (Rmax U L + a * K) by (field; unfold b; lra)];
          fold a in Ht; nra.
      + pose (b := source_exponent e). pose (a := target_exponent e).
        exists ((Rmax U L + b * K) / a). intros x Hx. specialize (HK x Hx). specialize (HL x Hx).
        specialize (Hup e Hin x Hx Hpos). unfold slope in *. rewrite Ei, Ej in *. fold a b in HL, Hup.
        assert (H1 := Rmax_l U L). assert (H2 := Rmax_r U L).
        split; [apply Rmult_le_reg_l with a|apply Rmult_le_reg_l with a]; try exact Ht;
          [replace (a * - ((Rmax U L + b * K) / a)) with (- (Rmax U L + b * K)) by (field; unfold a; lra)
          |replace (a * ((Rmax U L + b * K) / a)) with (Rmax U L + b * K) by (field; unfold a; lra)];
          fold b in Hs; nra. }
  destruct (uniform_bound (hidden P) (fun i K => forall x, below P level x -> - K <= x i <= K)) as (K & HK & H).
  - intros i a b H Hab x Hx. specialize (H x Hx). lra.
  - intros i Hi. apply Hone. apply Hg. exact Hi.
  - exists K. split; [exact HK|]. intros i x Hx.
    destruct (in_dec Nat.eq_dec i (hidden P)) as [Hi|Hi]; [auto|]. destruct Hx as [Hx _]. rewrite (Hx i Hi). lra.
Qed.

(* Then the minimum is attained: a box larger than the bound has a point that is balanced up to the box, and it cannot be at its sides. *)
Lemma coercive_attained : forall P,
  well_formed P -> all_grounded P -> coercive P -> exists x, stationary P x.
Proof.
  intros P Hwf Hg Hc.
  destruct (coercive_bounded P (total P (fun _ => 0)) Hwf Hg Hc) as (K & HK & Hb).
  pose (side := fun (s : R) (i : nat) => if in_dec Nat.eq_dec i (hidden P) then s else 0).
  assert (forall s, potential P (side s)) as Hside.
  { intros s i Hi. unfold side. destruct (in_dec Nat.eq_dec i (hidden P)); [contradiction|reflexivity]. }
  assert (box P (side (- (K + 1))) (side (K + 1))) as Hbox.
  { split; [apply Hside|split; [apply Hside|]]. intros i. unfold side. destruct (in_dec Nat.eq_dec i (hidden P)); lra. }
  destruct (balanced_within_exists P _ _ Hwf Hbox) as (x & Hx).
  exists x. assert (potential P x) as Hpx by (apply (within_potential P _ _ x Hbox), Hx).
  split; [exact Hpx|].
  assert (below P (total P (fun _ => 0)) x) as Hbelow.
  { split; [exact Hpx|]. apply (balanced_within_minimum P _ _ x _ Hwf Hbox Hx).
    intros i. unfold side. destruct (in_dec Nat.eq_dec i (hidden P)); lra. }
  intros i Hi. specialize (Hb i x Hbelow). destruct Hx as [_ Hx]. destruct (Hx i Hi) as [H1 H2].
  unfold side in H1, H2. destruct (in_dec Nat.eq_dec i (hidden P)); [|contradiction].
  apply Rle_antisym; [apply H1|apply H2]; lra.
Qed.
