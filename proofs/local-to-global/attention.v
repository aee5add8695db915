(* In a block of attention a query has the inverse multiplier of its key, one for each pair of channels that a rotation mixes and each head of
   keys, whose query heads share it; a value's is divided out of the outputs that read it, in all heads that share it; a gain's out of
   all that reads it. Scores and outputs stay as they are. The costs of gains and keys rise or fall in two multipliers at once, so that no
   comparison applies; the energy certificate does.

   Query head h reads the keys and values of key head `shared h`. Channels of queries and keys come in pairs, a, of two, first and second,
   which the rotation of angle (angle a s) mixes at position s. Mixing weights are any function of all scores. *)

From Coq Require Import Reals List Lra Lia.
From Synbal Require Import finite_sums balancing_problem energy energy_minima odd_cycle.
Import ListNotations.
Open Scope R_scope.

Section Attention.

Variables (channels heads pairs widths places : nat) (shared : nat -> nat) (angle : nat -> nat -> R).
(* The normalised values, by position and channel, and how scores make mixing weights, by head and two positions. *)
Variables (normalised : nat -> nat -> R) (mixing : (nat -> nat -> nat -> R) -> nat -> nat -> nat -> R).

(* gain by channel; query and key weights by head, pair, place in the pair (true: the second) and channel; value weights by key head, width
   and channel; output weights by output, head and width. *)
Record weights := Weights {
  gain : nat -> R;
  query : nat -> nat -> bool -> nat -> R;
  key : nat -> nat -> bool -> nat -> R;
  worth : nat -> nat -> nat -> R;
  output : nat -> nat -> nat -> R
}.

Definition reads (w : weights) (row : nat -> R) (s : nat) : R := sum channels (fun c => row c * (gain w c * normalised s c)).

Definition rotated (a s : nat) (first second : R) (place : bool) : R :=
  if place then sin (angle a s) * first + cos (angle a s) * second else cos (angle a s) * first - sin (angle a s) * second.

Definition turned_query (w : weights) (h a s : nat) (place : bool) : R :=
  rotated a s (reads w (query w h a false) s) (reads w (query w h a true) s) place.
Definition turned_key (w : weights) (h a s : nat) (place : bool) : R :=
  rotated a s (reads w (key w h a false) s) (reads w (key w h a true) s) place.

Definition score (w : weights) (h s t : nat) : R :=
  sum pairs (fun a => turned_query w h a s false * turned_key w (shared h) a t false + turned_query w h a s true * turned_key w (shared h) a t true).

Definition result (w : weights) (o s : nat) : R :=
  sum heads (fun h => sum widths (fun b => output w o h b *
    sum places (fun t => mixing (score w) h s t * reads w (worth w (shared h) b) t))).

(* Multipliers: of gains by channel, of keys by key head and pair, of values by key head and width. *)
Definition scaled (g : nat -> R) (l v : nat -> nat -> R) (w : weights) : weights := Weights
  (fun c => g c * gain w c)
  (fun h a place c => l (shared h) a * query w h a place c / g c)
  (fun h a place c => key w h a place c / (l h a * g c))
  (fun h b c => v h b * worth w h b c / g c)
  (fun o h b => output w o h b / v (shared h) b).

Theorem scores_and_outputs_stay : forall g l v w,
  (forall c, 0 < g c) -> (forall h a, 0 < l h a) -> (forall h b, 0 < v h b) ->
  (forall f f', (forall h s t, f h s t = f' h s t) -> forall h s t, mixing f h s t = mixing f' h s t) ->
  (forall h s t, score (scaled g l v w) h s t = score w h s t) /\ forall o s, result (scaled g l v w) o s = result w o s.
Proof.
  intros g l v w Hg Hl Hv Hmix.
  assert (Hread : forall k row s, reads (scaled g l v w) (fun c => k * row c / g c) s = k * reads w row s).
  { intros k row s. unfold reads. rewrite <- sum_scale. apply sum_ext. intros c _. simpl. assert (P := Hg c). field. lra. }
  assert (Hq : forall h a s place, turned_query (scaled g l v w) h a s place = l (shared h) a * turned_query w h a s place).
  { intros h a s place. unfold turned_query. simpl query. rewrite !Hread. unfold rotated. destruct place; ring. }
  assert (Hkey : forall h a place s, reads (scaled g l v w) (key (scaled g l v w) h a place) s = / l h a * reads w (key w h a place) s).
  { intros h a place s. rewrite <- Hread. unfold reads. apply sum_ext. intros c _. simpl. assert (P := Hg c). assert (Q := Hl h a). field. split; lra. }
  assert (Hk : forall h a s place, turned_key (scaled g l v w) h a s place = / l h a * turned_key w h a s place).
  { intros h a s place. unfold turned_key. rewrite !Hkey. unfold rotated. destruct place; ring. }
  assert (Hscore : forall h s t, score (scaled g l v w) h s t = score w h s t).
  { intros h s t. unfold score. apply sum_ext. intros a _. rewrite !Hq, !Hk. assert (P := Hl (shared h) a). field. lra. }
  split; [exact Hscore|]. intros o s. unfold result. apply sum_ext. intros h _. apply sum_ext. intros b _.
  assert (P := Hv (shared h) b). simpl output. simpl worth.
  rewrite (sum_ext places _ (fun t => v (shared h) b * (mixing (score w) h s t * reads w (worth w (shared h) b) t))).
  - rewrite sum_scale. field. lra.
  - intros t _. rewrite (Hmix _ _ Hscore), Hread. ring.
Qed.

End Attention.

(* One channel, one pair: a query, a key and a gain, of costs 1, 16 and 2 under L_1, of which the first place of the pair alone has weights. *)
Definition small_block : powers :=
  Powers 2 (seq 0 3) (fun e => match e with 0%nat => 1 | 1%nat => 16 | _ => 2 end)
    (fun e u => match e, u with 0%nat, 0%nat => 1 | 0%nat, 1%nat => -1 | 1%nat, _ => -1 | 2%nat, 1%nat => 1 | _, _ => 0 end).

Theorem attention :
  (* Scores and outputs. *)
  (forall channels heads pairs widths places shared angle normalised mixing g l v w,
     (forall c, 0 < g c) -> (forall h a, 0 < l h a) -> (forall h b, 0 < v h b) ->
     (forall f f' : nat -> nat -> nat -> R, (forall h s t, f h s t = f' h s t) -> forall h s t, mixing f h s t = mixing f' h s t) ->
     (forall h s t, score channels pairs shared angle normalised (scaled shared g l v w) h s t = score channels pairs shared angle normalised w h s t) /\
     forall o s, result channels heads pairs widths places shared angle normalised mixing (scaled shared g l v w) o s =
       result channels heads pairs widths places shared angle normalised mixing w o s) /\
  (* The costs of a query, a key and a gain, at the multipliers l and g; a key's falls in both. *)
  (forall l g q k c, 0 < l -> 0 < g ->
     Rabs (l * q / g) = Rabs q * (l / g) /\ Rabs (k / (l * g)) = Rabs k * / (l * g) /\ Rabs (g * c) = Rabs c * g) /\
  (* No comparison: this block is the problem of odd_cycle. *)
  (forall x, whole small_block x = odd_cycle.total (exp (x 0%nat)) (exp (x 1%nat))) /\
  (* The energy certificate applies: a point and a circulation bound how far the point is from the least. *)
  (forall y x, (forall e, In e (counted small_block) -> 0 <= y e) -> circulates small_block y ->
     forall z, whole small_block x - whole small_block z <= gap small_block y x) /\
  exists y, (forall e, In e (counted small_block) -> 0 < y e) /\ circulates small_block y.
Proof.
  split; [|split; [|split; [|split]]].
  - intros. apply scores_and_outputs_stay; assumption.
  - intros l g q k c Hl Hg. split; [|split].
    + unfold Rdiv. rewrite !Rabs_mult, (Rabs_right l), (Rabs_right (/ g)); [ring| |lra]. left. apply Rinv_0_lt_compat. exact Hg.
    + assert (P : 0 < / (l * g)) by (apply Rinv_0_lt_compat, Rmult_lt_0_compat; assumption).
      unfold Rdiv. rewrite Rabs_mult, (Rabs_right (/ (l * g))) by lra. reflexivity.
    + rewrite Rabs_mult, (Rabs_right g) by lra. ring.
  - intros x. unfold whole, amount, form, odd_cycle.total, small_block. simpl.
    assert (P0 := exp_pos (x 0%nat)). assert (P1 := exp_pos (x 1%nat)).
    replace (0 + 1 * x 0%nat + -1 * x 1%nat) with (x 0%nat + - x 1%nat) by ring.
    replace (0 + -1 * x 0%nat + -1 * x 1%nat) with (- x 0%nat + - x 1%nat) by ring.
    replace (0 + 0 * x 0%nat + 1 * x 1%nat) with (x 1%nat) by ring.
    rewrite !exp_plus, !exp_Ropp. field. split; lra.
  - intros y x Hy Hc z. apply energy_gap_bound; [|exact Hy|exact Hc]. intros e He. simpl in He.
    destruct He as [<-|[<-|[<-|[]]]]; simpl; lra.
  - exists (fun e => match e with 2%nat => 2 | _ => 1 end). split.
    + intros e He. simpl in He. destruct He as [<-|[<-|[<-|[]]]]; lra.
    + intros u Hu. simpl in Hu. unfold small_block. simpl. destruct u as [|[|u]]; [lra|lra|lia].
Qed.
